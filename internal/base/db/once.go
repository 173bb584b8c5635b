package db

import (
	"context"
	"sync"
)

type onceKey struct{}

type kept struct {
	mu     sync.Mutex
	values map[string]any
}

// Remember returns a context under which Once keeps what it reads: for a page made of many features, so that two
// of them that need the same rows read them once.
func Remember(ctx context.Context) context.Context {
	return context.WithValue(ctx, onceKey{}, &kept{values: map[string]any{}})
}

// Once runs read, or gives what it gave before under the same key in a context made by Remember. Keys start with
// the package's name; an error is not kept.
func Once[T any](r Reader, key string, read func() (T, error)) (T, error) {
	k, ok := r.Context().Value(onceKey{}).(*kept)
	if !ok {
		return read()
	}
	k.mu.Lock()
	old, known := k.values[key]
	k.mu.Unlock()
	if v, is := old.(T); known && is {
		return v, nil
	}
	v, err := read()
	if err == nil {
		k.mu.Lock()
		k.values[key] = v
		k.mu.Unlock()
	}
	return v, err
}
