package web

import (
	"net/http"
	"time"
)

const (
	readTime   = 15 * time.Second
	uploadTime = 3 * time.Minute // a 10 MB photo over a weak phone network
)

// Server is an http.Server that slow or endless clients cannot hold: 5 s for the headers, 15 s for the request,
// 30 s for the answer.
func Server(addr string, h http.Handler) *http.Server {
	return &http.Server{Addr: addr, Handler: h, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: readTime,
		WriteTimeout: 30 * time.Second, IdleTimeout: 60 * time.Second, MaxHeaderBytes: 32 << 10}
}

// allowSlowUpload gives one request the time that files need.
func allowSlowUpload(w http.ResponseWriter) {
	c := http.NewResponseController(w)
	until := time.Now().Add(uploadTime)
	_ = c.SetReadDeadline(until) // not supported by a recorder in tests
	_ = c.SetWriteDeadline(until.Add(readTime))
}
