package main

import (
	"context"
	"fmt"
	"reflect"
	"sync"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	listers "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
)

// watcher is an informer and a mirror that is built from its events alone.
type watcher struct {
	lister    listers.ConfigMapLister
	events    atomic.Int64
	deletions atomic.Int64
	mu        sync.Mutex
	mirror    map[string]*corev1.ConfigMap
	faults    []string
}

func startWatcher(ctx context.Context, config *rest.Config, namespace string) (*watcher, error) {
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	w := &watcher{mirror: map[string]*corev1.ConfigMap{}}
	factory := informers.NewSharedInformerFactoryWithOptions(client, 0, informers.WithNamespace(namespace))
	informer := factory.Core().V1().ConfigMaps()
	w.lister = informer.Lister()
	if _, err := informer.Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(object any) { w.see(nil, object.(*corev1.ConfigMap)) },
		UpdateFunc: func(old, object any) { w.see(old.(*corev1.ConfigMap), object.(*corev1.ConfigMap)) },
		DeleteFunc: func(object any) {
			if unknown, ok := object.(cache.DeletedFinalStateUnknown); ok {
				object = unknown.Obj
			}
			w.forget(object.(*corev1.ConfigMap))
		},
	}); err != nil {
		return nil, err
	}
	factory.Start(ctx.Done())
	if !cache.WaitForCacheSync(ctx.Done(), informer.Informer().HasSynced) {
		return nil, fmt.Errorf("the informer has not synced: %w", ctx.Err())
	}
	return w, nil
}

func (w *watcher) see(old, object *corev1.ConfigMap) {
	w.events.Add(1)
	w.mu.Lock()
	defer w.mu.Unlock()
	_, known := w.mirror[object.Name]
	if known != (old != nil) {
		w.faults = append(w.faults, fmt.Sprintf("%s: known %v, old %v", object.Name, known, old != nil))
	}
	w.mirror[object.Name] = object
}

func (w *watcher) forget(object *corev1.ConfigMap) {
	w.events.Add(1)
	w.deletions.Add(1)
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, known := w.mirror[object.Name]; !known {
		w.faults = append(w.faults, object.Name+": deleted twice")
	}
	delete(w.mirror, object.Name)
}

// compare waits until every cache and mirror equals the server's list, for a minute at most, and says what differs.
func compare(ctx context.Context, client kubernetes.Interface, namespace string, watchers []*watcher, result *report) []string {
	var differences []string
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(200 * time.Millisecond) {
		list, err := client.CoreV1().ConfigMaps(namespace).List(ctx, metav1.ListOptions{})
		if err != nil {
			differences = []string{err.Error()}
		} else {
			wanted := map[string]*corev1.ConfigMap{}
			for i := range list.Items {
				wanted[list.Items[i].Name] = &list.Items[i]
			}
			result.Objects = len(wanted)
			differences = nil
			for i, w := range watchers {
				differences = append(differences, w.differences(i, wanted)...)
			}
		}
		if len(differences) == 0 || time.Now().After(deadline) {
			return differences
		}
	}
}

func (w *watcher) differences(index int, wanted map[string]*corev1.ConfigMap) []string {
	cached := map[string]*corev1.ConfigMap{}
	all, err := w.lister.List(labels.Everything())
	if err != nil {
		return []string{err.Error()}
	}
	for _, object := range all {
		cached[object.Name] = object
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	differences := append([]string{}, w.faults...)
	for from, have := range map[string]map[string]*corev1.ConfigMap{"cache": cached, "mirror": w.mirror} {
		for name, object := range wanted {
			if got := have[name]; got == nil {
				differences = append(differences, fmt.Sprintf("informer %d, %s: %s is missing", index, from, name))
			} else if got.UID != object.UID || got.ResourceVersion != object.ResourceVersion || !reflect.DeepEqual(got.Data, object.Data) {
				differences = append(differences, fmt.Sprintf("informer %d, %s: %s has %s, not %s", index, from, name, got.ResourceVersion, object.ResourceVersion))
			}
		}
		for name := range have {
			if wanted[name] == nil {
				differences = append(differences, fmt.Sprintf("informer %d, %s: %s should be gone", index, from, name))
			}
		}
	}
	return differences
}
