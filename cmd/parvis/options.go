package main

import (
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"

	"parvis/internal/app"
)

// The settings that groups of commands use. A command takes all of Config's, so that one line of settings serves them
// all, and lists only those that it uses.
var (
	baseOptions  = []string{"data", "database"}
	keyedOptions = []string{"data", "database", "key-file"}
	serveOptions = []string{"data", "database", "key-file", "listen", "base-url", "smtp", "tls-cert", "tls-key", "trusted-proxy",
		"insecure-http", "mail-rate"}
)

// flags reads a command's options; ok is false when the command must stop with the status. Declare, which may be
// nil, adds those of the command itself.
func (c call) flags(declare func(*flag.FlagSet, *app.Config)) (cfg app.Config, status int, ok bool) {
	if slices.ContainsFunc(c.args, isHelp) {
		c.help(declare)
		return cfg, 0, false
	}
	fs := silent()
	if !c.alone {
		cfg.Flags(fs, c.env)
	}
	if declare != nil {
		declare(fs, &cfg)
	}
	if err := fs.Parse(c.args); err != nil {
		return cfg, c.misused("%s", misuse(err)), false
	}
	if fs.NArg() > 0 {
		return cfg, c.misused("« %s » est de trop.", fs.Arg(0)), false
	}
	return cfg, 0, true
}

func isHelp(arg string) bool { return arg == "-h" || arg == "-help" || arg == "--help" }

func silent() *flag.FlagSet {
	fs := flag.NewFlagSet("parvis", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	return fs
}

// misused says what the command line got wrong, and where to read what it takes.
func (c call) misused(sentence string, args ...any) int {
	fmt.Fprintf(c.err, "parvis %s : %s « parvis %s --help » donne ses options.\n", c.name, fmt.Sprintf(sentence, args...), c.name)
	return usageStatus
}

// misuse puts what the flag package says into French.
func misuse(err error) string {
	said := err.Error()
	if name, ok := strings.CutPrefix(said, "flag provided but not defined: -"); ok {
		return fmt.Sprintf("l’option --%s n’existe pas.", name)
	}
	if name, ok := strings.CutPrefix(said, "flag needs an argument: -"); ok {
		return fmt.Sprintf("l’option --%s attend une valeur.", name)
	}
	if rest, ok := strings.CutPrefix(said, "bad flag syntax: "); ok {
		return fmt.Sprintf("« %s » n’est pas une option.", rest)
	}
	_, rest, _ := strings.Cut(said, `"`)
	value, rest, found := strings.Cut(rest, `" for `)
	if !found {
		return "une option n’est pas comprise."
	}
	_, rest, _ = strings.Cut(rest, "-")
	name, _, _ := strings.Cut(rest, ":")
	return fmt.Sprintf("l’option --%s n’accepte pas « %s ».", name, value)
}

// help lists the options that the command uses, with what each is when not given; never a value of the environment,
// which may be a secret.
func (c call) help(declare func(*flag.FlagSet, *app.Config)) {
	fs := silent()
	var cfg app.Config
	cfg.Flags(fs, func(string) string { return "" })
	own := silent()
	if declare != nil {
		declare(own, &app.Config{})
	}
	fmt.Fprintf(c.out, "parvis %s [options]\n\n  %s\n", c.name, c.what)
	var list []*flag.Flag
	own.VisitAll(func(f *flag.Flag) { list = append(list, f) })
	for _, name := range c.uses {
		list = append(list, fs.Lookup(name))
	}
	if len(list) > 0 {
		fmt.Fprintln(c.out, "\nOptions :")
	}
	for _, f := range list {
		value, usage := flag.UnquoteUsage(f)
		switch {
		case isBool(f):
			value = ""
		case value == "string" || value == "int":
			value = " VALEUR"
		default:
			value = " " + value
		}
		if f.DefValue != "" && !isBool(f) {
			usage += " (défaut : " + f.DefValue + ")"
		}
		fmt.Fprintf(c.out, "  --%-22s %s\n", f.Name+value, usage)
	}
	if slices.Contains(c.uses, "data") {
		fmt.Fprintln(c.out, "\nUne variable d’environnement peut tenir lieu d’option : PARVIS_DATA pour --data, PARVIS_KEY_FILE pour --key-file…")
	}
}

func isBool(f *flag.Flag) bool {
	b, ok := f.Value.(interface{ IsBoolFlag() bool })
	return ok && b.IsBoolFlag()
}
