package main

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
)

const (
	finalizer = "sites.example.com/archive"
	// themeIndex is a key of the cache's index, no field selector of the server.
	themeIndex = "spec.theme"
)

// reconciler keeps one ConfigMap a copy for each Website, and leaves a note in "archive" when a website goes.
type reconciler struct {
	client.Client
}

func (r *reconciler) setup(mgr ctrl.Manager) error {
	byTheme := func(o client.Object) []string { return []string{o.(*Website).Spec.Theme} }
	if err := mgr.GetFieldIndexer().IndexField(context.Background(), &Website{}, themeIndex, byTheme); err != nil {
		return err
	}
	return ctrl.NewControllerManagedBy(mgr).For(&Website{}).Owns(&corev1.ConfigMap{}).Complete(r)
}

func (r *reconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	site := &Website{}
	if err := r.Get(ctx, request.NamespacedName, site); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if !site.DeletionTimestamp.IsZero() {
		return ctrl.Result{}, r.archive(ctx, site)
	}
	if controllerutil.AddFinalizer(site, finalizer) {
		return ctrl.Result{}, r.Update(ctx, site)
	}
	for i := range site.Spec.Copies {
		if err := r.keepPage(ctx, site, i); err != nil {
			return ctrl.Result{}, err
		}
	}
	before := site.DeepCopyObject().(*Website)
	site.Status.Pages = site.Spec.Copies
	site.Status.ObservedGeneration = site.Generation
	meta.SetStatusCondition(&site.Status.Conditions, metav1.Condition{
		Type: "Ready", Status: metav1.ConditionTrue, Reason: "Written", ObservedGeneration: site.Generation,
		Message: fmt.Sprintf("%d pages are written", site.Spec.Copies),
	})
	return ctrl.Result{}, r.Status().Patch(ctx, site, client.MergeFrom(before))
}

func (r *reconciler) keepPage(ctx context.Context, site *Website, i int32) error {
	page := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: site.Namespace, Name: fmt.Sprintf("%s-%d", site.Name, i)}}
	_, err := controllerutil.CreateOrUpdate(ctx, r.Client, page, func() error {
		page.Data = map[string]string{"index.html": site.Spec.Text, "theme": site.Spec.Theme}
		return controllerutil.SetControllerReference(site, page, r.Scheme())
	})
	return err
}

// archive writes the note and lets the website go.
func (r *reconciler) archive(ctx context.Context, site *Website) error {
	if !controllerutil.ContainsFinalizer(site, finalizer) {
		return nil
	}
	note := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: site.Namespace, Name: "archive-" + site.Name}}
	note.Data = map[string]string{"text": site.Spec.Text}
	if err := r.Create(ctx, note); err != nil && !apierrors.IsAlreadyExists(err) {
		return err
	}
	controllerutil.RemoveFinalizer(site, finalizer)
	return r.Update(ctx, site)
}
