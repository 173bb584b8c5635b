// Command parvis is the whole portal: the server, and what its keeper does from a terminal.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"parvis/internal/app"
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

// command is one word after parvis. It returns the process's exit status.
type command struct {
	name, help string
	run        func(c call) int
}

// call is one use of a command.
type call struct {
	ctx      context.Context
	args     []string
	env      func(string) string
	out, err io.Writer
}

var commands = []command{
	{"serve", "sert le portail", serve},
	{"demo", "sert une commune inventée, avec des données de toute sorte", serveDemo},
	{"import", "reprend l’export de l’ancien portail", importOld},
	{"undo-import", "annule un lot d’import", undoImport},
	{"campaign", "envoie les courriels d’activation", campaign},
	{"agent", "agent add : crée un agent et imprime son lien d’accès", agent},
	{"key", "fabrique le fichier de clé", makeKey},
	{"migrate", "met la base à jour", migrate},
	{"backup", "sauvegarde tout dans un fichier chiffré", backUp},
	{"restore", "rétablit une sauvegarde dans un dossier vide", restore},
	{"verify", "vérifie une sauvegarde, ou la base, les fichiers et le journal", verify},
	{"version", "dit la version", version},
}

const usageStatus = 2

func run(ctx context.Context, args []string, env func(string) string, out, errOut io.Writer) int {
	if len(args) == 0 || args[0] == "-h" || args[0] == "--help" || args[0] == "help" {
		usage(out)
		if len(args) == 0 {
			return usageStatus
		}
		return 0
	}
	for _, c := range commands {
		if c.name == args[0] {
			return c.run(call{ctx: ctx, args: args[1:], env: env, out: out, err: errOut})
		}
	}
	fmt.Fprintf(errOut, "parvis : commande inconnue %q\n\n", args[0])
	usage(errOut)
	return usageStatus
}

func usage(w io.Writer) {
	fmt.Fprintln(w, "Parvis, l’espace citoyens de la commune.\n\nparvis COMMANDE [options]     (parvis COMMANDE -h pour ses options)")
	fmt.Fprintln(w)
	for _, c := range commands {
		fmt.Fprintf(w, "  %-12s %s\n", c.name, c.help)
	}
}

// flags reads a command's options; ok is false when the command must stop with the status.
func (c call) flags(name string, declare func(*flag.FlagSet, *app.Config)) (cfg app.Config, fs *flag.FlagSet, status int, ok bool) {
	fs = flag.NewFlagSet("parvis "+name, flag.ContinueOnError)
	fs.SetOutput(c.err)
	cfg.Flags(fs, c.env)
	if declare != nil {
		declare(fs, &cfg)
	}
	switch err := fs.Parse(c.args); {
	case err == flag.ErrHelp:
		return cfg, fs, 0, false
	case err != nil:
		return cfg, fs, usageStatus, false
	}
	return cfg, fs, 0, true
}

// fail prints why a command stops, once.
func (c call) fail(err error) int {
	fmt.Fprintln(c.err, "parvis :", err)
	return 1
}

func version(c call) int {
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
