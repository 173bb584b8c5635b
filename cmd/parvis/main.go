// Command parvis is the whole portal: the server, and what its keeper does from a terminal.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"

	"parvis/internal/base/crash"
)

func main() {
	if at := os.Getenv("PARVIS_CRASH_AT"); at != "" {
		crash.Arm(at)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// command is one word after parvis. It returns the process's exit status: 0 done, 1 nothing done or something found
// wrong, 2 misused, 3 an import that took a part.
type command struct {
	name  string
	what  string   // in one line
	uses  []string // options of app.Config that it lists
	alone bool     // it takes no option of app.Config at all
	run   func(c call) int
}

// call is one use of a command.
type call struct {
	command
	ctx      context.Context
	args     []string
	env      func(string) string
	out, err io.Writer
}

// commands lists them in the order of help.
func commands() []command {
	return []command{
		{name: "serve", what: "sert le portail", uses: serveOptions, run: serve},
		{name: "demo", what: "sert une commune inventée, avec des données de toute sorte", alone: true, run: serveDemo},
		{name: "import", what: "reprend l’export de l’ancien portail", uses: baseOptions, run: importOld},
		{name: "undo-import", what: "annule un lot d’import ; sans lot, en donne la liste", uses: keyedOptions, run: undoImport},
		{name: "campaign", what: "envoie les courriels d’activation", uses: append(slices.Clone(keyedOptions), "mail-rate"), run: campaign},
		{name: "mails", what: "compte les courriels à envoyer ; laisse partir ou abandonne ceux qu’un rétablissement retient", uses: baseOptions, run: mails},
		{name: "agent add", what: "crée un agent et imprime son lien d’accès", uses: append(slices.Clone(keyedOptions), "base-url", "listen"), run: addAgent},
		{name: "key", what: "fabrique le fichier de clé", uses: []string{"key-file"}, run: makeKey},
		{name: "migrate", what: "met la base à jour, ou en fait une", uses: keyedOptions, run: migrate},
		{name: "backup", what: "sauvegarde tout dans un fichier chiffré", uses: keyedOptions, run: backUp},
		{name: "restore", what: "rétablit une sauvegarde dans un dossier vide", uses: keyedOptions, run: restore},
		{name: "verify", what: "vérifie une sauvegarde, ou bien la base, les fichiers et le journal", uses: keyedOptions, run: verify},
		{name: "version", what: "dit la version", alone: true, run: version},
	}
}

const usageStatus = 2

func run(ctx context.Context, args []string, env func(string) string, out, errOut io.Writer) int {
	if len(args) == 0 {
		usage(errOut)
		return usageStatus
	}
	helped := args[0] == "help" || isHelp(args[0])
	if helped {
		args = args[1:]
	}
	if len(args) == 0 {
		usage(out)
		return 0
	}
	for _, cmd := range commands() {
		words := strings.Fields(cmd.name)
		n := len(words)
		if !slices.Equal(words, args[:min(n, len(args))]) {
			if words[0] != args[0] || (len(args) > 1 && !isHelp(args[1])) {
				continue
			}
			helped, n = helped || len(args) > 1, 1 // "agent" alone: how its one word goes on
			if !helped {
				fmt.Fprintf(errOut, "parvis %s : « parvis %s » est attendu, « parvis %s --help » donne ses options.\n", args[0], cmd.name, cmd.name)
				return usageStatus
			}
		}
		c := call{command: cmd, ctx: ctx, args: args[n:], env: env, out: out, err: errOut}
		if helped {
			c.args = []string{"--help"}
		}
		return cmd.run(c)
	}
	fmt.Fprintf(errOut, "parvis : « %s » n’est pas une commande. « parvis help » en donne la liste.\n", strings.Join(args[:min(2, len(args))], " "))
	return usageStatus
}

func usage(w io.Writer) {
	fmt.Fprintln(w, "Parvis, l’espace citoyens de la commune.\n\nparvis COMMANDE [options]     (parvis help COMMANDE pour ses options)")
	fmt.Fprintln(w)
	for _, c := range commands() {
		fmt.Fprintf(w, "  %-12s %s\n", c.name, c.what)
	}
}

func version(c call) int {
	if _, status, ok := c.flags(nil); !ok {
		return status
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		fmt.Fprintln(c.out, "parvis")
		return 0
	}
	revision := ""
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			revision = " " + s.Value
		}
	}
	fmt.Fprintf(c.out, "parvis %s%s (%s)\n", info.Main.Version, revision, info.GoVersion)
	return 0
}
