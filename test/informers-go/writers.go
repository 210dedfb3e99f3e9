package main

import (
	"context"
	"fmt"
	"math/rand"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	typed "k8s.io/client-go/kubernetes/typed/core/v1"
)

// writers change config maps straight on the server. Each has names of its own, so that none conflicts with another.
type writers struct {
	group  sync.WaitGroup
	writes atomic.Int64
}

func startWriters(ctx context.Context, client kubernetes.Interface, o options, stop <-chan struct{}) *writers {
	w := &writers{}
	for i := range o.writers {
		w.group.Add(1)
		go func() {
			defer w.group.Done()
			one := writer{maps: client.CoreV1().ConfigMaps(o.namespace), prefix: fmt.Sprintf("w%d-", i), objects: o.objects, random: rand.New(rand.NewSource(int64(i)))}
			one.run(ctx, stop, &w.writes)
		}()
	}
	return w
}

func (w *writers) wait() { w.group.Wait() }

type writer struct {
	maps    typed.ConfigMapInterface
	prefix  string
	objects int
	random  *rand.Rand
}

func (w *writer) run(ctx context.Context, stop <-chan struct{}, writes *atomic.Int64) {
	for n := 0; ; n++ {
		select {
		case <-stop:
			return
		case <-ctx.Done():
			return
		default:
		}
		if err := w.step(ctx, n); err != nil {
			// The server is being restarted, or has just lost the answer to a write that it did.
			time.Sleep(20 * time.Millisecond)
			continue
		}
		writes.Add(1)
	}
}

// step updates an object, makes it when it is missing, and one time in ten deletes it.
func (w *writer) step(ctx context.Context, n int) error {
	name := w.prefix + strconv.Itoa(w.random.Intn(w.objects))
	if w.random.Intn(10) == 0 {
		err := w.maps.Delete(ctx, name, metav1.DeleteOptions{})
		if apierrors.IsNotFound(err) {
			return nil
		}
		return err
	}
	object := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name}, Data: map[string]string{"n": strconv.Itoa(n)}}
	_, err := w.maps.Update(ctx, object, metav1.UpdateOptions{})
	if apierrors.IsNotFound(err) {
		_, err = w.maps.Create(ctx, object, metav1.CreateOptions{})
	}
	return err
}
