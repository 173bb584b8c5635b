package app

import "context"

// ExportHeadNow runs the nightly task at once.
func (a *App) ExportHeadNow(ctx context.Context) error { return a.exportHead(ctx, nil) }
