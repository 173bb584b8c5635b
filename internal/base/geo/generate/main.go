// Command generate makes departments.tsv and communes.tsv.gz of package geo from the files of the npm package
// @etalab/decoupage-administratif (MIT, made of INSEE's official geographic code):
//
//	npm pack @etalab/decoupage-administratif && tar xzf etalab-decoupage-administratif-*.tgz
//	go run ./internal/base/geo/generate package/data internal/base/geo
package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

type place struct {
	Code       string `json:"code"`
	Name       string `json:"nom"`
	Department string `json:"departement"`
}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: generate DATA_OF_THE_PACKAGE FOLDER_OF_GEO")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(from, to string) error {
	departments, err := read(filepath.Join(from, "departements.json"))
	if err != nil {
		return err
	}
	communes, err := read(filepath.Join(from, "communes.json"))
	if err != nil {
		return err
	}
	born := map[string]bool{}
	for _, c := range communes {
		born[c.Department] = true
	}
	departments = slices.DeleteFunc(departments, func(d place) bool { return !born[d.Code] })
	if err := os.WriteFile(filepath.Join(to, "departments.tsv"), lines(departments, func(d place) string { return d.Code + "\t" + d.Name }), 0o644); err != nil {
		return err
	}
	// A name stands once in a department: a delegated commune often bears the name of the new one.
	text := lines(communes, func(c place) string { return c.Department + "\t" + c.Name })
	var packed bytes.Buffer
	z, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return err
	}
	if _, err := z.Write(text); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(to, "communes.tsv.gz"), packed.Bytes(), 0o644)
}

func read(path string) ([]place, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var places []place
	if err := json.Unmarshal(text, &places); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return places, nil
}

// lines writes each place on a line, sorted, without doubles, with the apostrophe of the screen.
func lines(places []place, line func(place) string) []byte {
	var all []string
	for _, p := range places {
		p.Name = strings.ReplaceAll(p.Name, "'", "’")
		all = append(all, line(p))
	}
	slices.Sort(all)
	return []byte(strings.Join(slices.Compact(all), "\n") + "\n")
}
