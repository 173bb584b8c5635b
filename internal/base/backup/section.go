package backup

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
)

// Inside the encryption and the compression a backup is a run of sections. A section is its name (two bytes of
// length, then the name), its content in chunks (four bytes of length, then the bytes), an empty chunk, and the
// SHA-256 of name and content. A section without a name ends the backup: it holds the SHA-256 of all sums.

// ErrDamaged is returned for a backup that was altered or cut short, and ErrKey for one made with another key.
var (
	ErrDamaged = errors.New("the backup is damaged or cut short")
	ErrKey     = errors.New("this is no backup, or not one made with this key")
)

const chunkSize = 1 << 16

type writer struct {
	w     io.Writer
	sums  hash.Hash
	total int64 // bytes of content
}

func newWriter(w io.Writer) *writer { return &writer{w: w, sums: sha256.New()} }

func (o *writer) section(name string, fill func(io.Writer) error) error {
	if err := o.name(name); err != nil {
		return err
	}
	c := &chunks{w: o.w, sum: sha256.New()}
	c.sum.Write([]byte(name + "\n"))
	content := bufio.NewWriterSize(c, chunkSize)
	if err := fill(content); err != nil {
		return fmt.Errorf("section %s: %w", name, err)
	}
	if err := content.Flush(); err != nil {
		return err
	}
	o.total += c.total
	sum := c.sum.Sum(nil)
	o.sums.Write(sum)
	_, err := o.w.Write(append(make([]byte, 4), sum...))
	return err
}

func (o *writer) json(name string, v any) error {
	return o.section(name, func(w io.Writer) error { return json.NewEncoder(w).Encode(v) })
}

func (o *writer) name(name string) error {
	_, err := o.w.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(name))), name...))
	return err
}

func (o *writer) end() error {
	if err := o.name(""); err != nil {
		return err
	}
	_, err := o.w.Write(o.sums.Sum(nil))
	return err
}

// chunks frames what is written to it.
type chunks struct {
	w     io.Writer
	sum   hash.Hash
	total int64
}

// Write writes one or more chunks.
func (c *chunks) Write(p []byte) (int, error) {
	for rest := p; len(rest) > 0; {
		part := rest[:min(len(rest), chunkSize)]
		rest = rest[len(part):]
		if _, err := c.w.Write(binary.BigEndian.AppendUint32(nil, uint32(len(part)))); err != nil {
			return 0, err
		}
		if _, err := c.w.Write(part); err != nil {
			return 0, err
		}
		c.sum.Write(part)
		c.total += int64(len(part))
	}
	return len(p), nil
}

// eachSection calls take with every section in order, then checks its sum and, at the end, that nothing is missing
// or left over. take may leave content unread.
func eachSection(r io.Reader, take func(name string, content io.Reader) error) error {
	in, sums := bufio.NewReaderSize(r, chunkSize), sha256.New()
	for {
		var size [2]byte
		if _, err := io.ReadFull(in, size[:]); err != nil {
			return damaged(err)
		}
		name := make([]byte, binary.BigEndian.Uint16(size[:]))
		if _, err := io.ReadFull(in, name); err != nil {
			return damaged(err)
		}
		sum := make([]byte, sha256.Size)
		if len(name) == 0 {
			if _, err := io.ReadFull(in, sum); err != nil {
				return damaged(err)
			}
			if _, err := in.ReadByte(); !errors.Is(err, io.EOF) || !bytes.Equal(sum, sums.Sum(nil)) {
				return damaged(err)
			}
			return nil
		}
		c := &content{in: in, sum: sha256.New()}
		c.sum.Write(append(bytes.Clone(name), '\n'))
		if err := take(string(name), c); err != nil {
			return err
		}
		if _, err := io.Copy(io.Discard, c); err != nil {
			return err
		}
		if _, err := io.ReadFull(in, sum); err != nil {
			return damaged(err)
		}
		if !bytes.Equal(sum, c.sum.Sum(nil)) {
			return damaged(nil)
		}
		sums.Write(sum)
	}
}

func damaged(err error) error {
	if err == nil {
		return ErrDamaged
	}
	return fmt.Errorf("%w: %w", ErrDamaged, err)
}

// content reads the chunks of one section.
type content struct {
	in   io.Reader
	sum  hash.Hash
	left int
	done bool
}

// Read reads up to the end of a chunk.
func (c *content) Read(p []byte) (int, error) {
	if c.done {
		return 0, io.EOF
	}
	if c.left == 0 {
		var size [4]byte
		if _, err := io.ReadFull(c.in, size[:]); err != nil {
			return 0, damaged(err)
		}
		c.left = int(binary.BigEndian.Uint32(size[:]))
		if c.left > chunkSize {
			return 0, damaged(nil)
		}
		if c.left == 0 {
			c.done = true
			return 0, io.EOF
		}
	}
	n, err := c.in.Read(p[:min(len(p), c.left)])
	c.sum.Write(p[:n])
	c.left -= n
	if err != nil {
		return n, damaged(err)
	}
	return n, nil
}
