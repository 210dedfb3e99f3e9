// Informers of client-go against an API server whose connections are cut and which is restarted: at the end their caches,
// and a mirror built from their events alone, must equal what the server has.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"sync/atomic"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"

	corev1 "k8s.io/api/core/v1"
)

type options struct {
	kubeconfig string
	namespace  string
	events     int64
	cuts       int
	restarts   int
	restart    string
	informers  int
	writers    int
	objects    int
	timeout    time.Duration
}

type report struct {
	Events       int64    `json:"events"`
	Writes       int64    `json:"writes"`
	Deletions    int64    `json:"deletions"`
	Cuts         int      `json:"cuts"`
	Connections  int64    `json:"connectionsCut"`
	Restarts     int      `json:"restarts"`
	Lists        int64    `json:"lists"`
	Watches      int64    `json:"watches"`
	Objects      int      `json:"objects"`
	Seconds      float64  `json:"seconds"`
	EventsPerSec float64  `json:"eventsPerSecond"`
	Equal        bool     `json:"equal"`
	Differences  []string `json:"differences,omitempty"`
}

func main() {
	var o options
	flag.StringVar(&o.kubeconfig, "kubeconfig", os.Getenv("KUBECONFIG"), "kubeconfig of the server")
	flag.StringVar(&o.namespace, "namespace", "informers-go", "namespace to work in; made, and deleted at the end")
	flag.Int64Var(&o.events, "events", 1_000_000, "events that the handlers are to see")
	flag.IntVar(&o.cuts, "cuts", 1000, "times that all connections of the informers are cut")
	flag.IntVar(&o.restarts, "restarts", 0, "times that the server is restarted")
	flag.StringVar(&o.restart, "restart-command", "", "shell command that restarts the server; returns when it has been asked to")
	flag.IntVar(&o.informers, "informers", 4, "informers that watch the same objects, each with a connection of its own")
	flag.IntVar(&o.writers, "writers", 8, "writers")
	flag.IntVar(&o.objects, "objects", 50, "objects of each writer")
	flag.DurationVar(&o.timeout, "timeout", time.Hour, "for everything")
	flag.Parse()
	klog.SetOutput(os.Stderr)
	klog.LogToStderr(false)
	ctx, cancel := context.WithTimeout(context.Background(), o.timeout)
	defer cancel()
	result, err := run(ctx, o)
	if err != nil {
		log.Fatalf("error: %v", err)
	}
	out, _ := json.MarshalIndent(result, "", "  ")
	fmt.Println(string(out))
	if !result.Equal {
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) (*report, error) {
	direct, err := clientcmd.BuildConfigFromFlags("", o.kubeconfig)
	if err != nil {
		return nil, err
	}
	direct.QPS, direct.Burst = -1, -1
	direct.ContentType = "application/vnd.kubernetes.protobuf"
	client, err := kubernetes.NewForConfig(direct)
	if err != nil {
		return nil, err
	}
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: o.namespace}}
	if _, err := client.CoreV1().Namespaces().Create(ctx, namespace, metav1.CreateOptions{}); err != nil {
		return nil, err
	}
	defer func() {
		_ = client.CoreV1().Namespaces().Delete(context.Background(), o.namespace, metav1.DeleteOptions{})
	}()

	proxy, err := newProxy(direct)
	if err != nil {
		return nil, err
	}
	defer proxy.close()
	var counts requestCounts
	watchers := make([]*watcher, o.informers)
	for i := range watchers {
		if watchers[i], err = startWatcher(ctx, proxied(direct, proxy, &counts), o.namespace); err != nil {
			return nil, err
		}
	}
	seen := func() (total int64) {
		for _, w := range watchers {
			total += w.events.Load()
		}
		return total
	}

	started := time.Now()
	stop := make(chan struct{})
	driver := startWriters(ctx, client, o, stop)
	result := &report{}
	if err := disturb(ctx, o, proxy, seen, result); err != nil {
		return nil, err
	}
	close(stop)
	driver.wait()
	result.Seconds = time.Since(started).Seconds()
	result.Differences = compare(ctx, client, o.namespace, watchers, result)
	result.Events, result.Writes = seen(), driver.writes.Load()
	for _, w := range watchers {
		result.Deletions += w.deletions.Load()
	}
	result.Connections = proxy.cutTotal.Load()
	result.Lists, result.Watches = counts.lists.Load(), counts.watches.Load()
	result.EventsPerSec = float64(result.Events) / result.Seconds
	result.Equal = len(result.Differences) == 0
	return result, nil
}

// disturb cuts and restarts, spread evenly over the events, until all events have been seen.
func disturb(ctx context.Context, o options, proxy *proxy, seen func() int64, result *report) error {
	nextReport := time.Now().Add(10 * time.Second)
	for {
		if ctx.Err() != nil {
			return fmt.Errorf("after %d events, %d cuts: %w", seen(), result.Cuts, ctx.Err())
		}
		now := seen()
		if now >= o.events && result.Cuts >= o.cuts && result.Restarts >= o.restarts {
			return nil
		}
		if result.Cuts < o.cuts && now >= o.events*int64(result.Cuts+1)/int64(o.cuts+1) {
			proxy.cut()
			result.Cuts++
		}
		if result.Restarts < o.restarts && now >= o.events*int64(result.Restarts+1)/int64(o.restarts+1) {
			result.Restarts++
			log.Printf("restarting the server (%d of %d) after %d events", result.Restarts, o.restarts, now)
			if out, err := exec.CommandContext(ctx, "sh", "-c", o.restart).CombinedOutput(); err != nil {
				return errors.Join(fmt.Errorf("restart command: %s", out), err)
			}
		}
		if time.Now().After(nextReport) {
			nextReport = time.Now().Add(10 * time.Second)
			log.Printf("%d events, %d cuts, %d restarts", now, result.Cuts, result.Restarts)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// proxied is the same server through the proxy, on a transport of its own.
func proxied(direct *rest.Config, p *proxy, counts *requestCounts) *rest.Config {
	config := rest.CopyConfig(direct)
	config.Host = "https://" + p.address
	config.TLSClientConfig.ServerName = p.serverName
	config.Dial = p.dial // distinct function values keep client-go from sharing one connection among the informers
	config.WrapTransport = counts.wrap
	return config
}

type requestCounts struct{ lists, watches atomic.Int64 }
