// The schema registry of franz-go's tests on the port that is given. Bearer token: the second
// argument, if there is one.
package main

import (
	"net/http"
	"os"

	"github.com/twmb/franz-go/pkg/sr/srfake"
)

func main() {
	options := []srfake.Option{}
	if len(os.Args) > 2 {
		options = append(options, srfake.WithAuth("Bearer "+os.Args[2]))
	}
	registry := srfake.New(options...)
	defer registry.Close()
	if err := http.ListenAndServe("127.0.0.1:"+os.Args[1], registry.Handler()); err != nil {
		panic(err)
	}
}
