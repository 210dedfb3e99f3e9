package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// check uses the operator as people would: c goes to the server, cached reads the manager's cache.
func check(ctx context.Context, c, cached client.Client) error {
	const namespace = "default"
	site := func(name string, spec WebsiteSpec, labels map[string]string) *Website {
		return &Website{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, Labels: labels}, Spec: spec}
	}
	key := func(name string) client.ObjectKey { return client.ObjectKey{Namespace: namespace, Name: name} }

	home := site("home", WebsiteSpec{Text: "hello", Copies: 3}, nil)
	if err := c.Create(ctx, home); err != nil {
		return fmt.Errorf("creating a good website: %w", err)
	}
	if home.Spec.Theme != "plain" {
		return fmt.Errorf("the defaulting webhook has set the theme %q, not plain", home.Spec.Theme)
	}
	says := func(what string, err error, words ...string) error {
		if err == nil {
			return fmt.Errorf("%s was not refused", what)
		}
		for _, word := range words {
			if !strings.Contains(err.Error(), word) {
				return fmt.Errorf("%s: %q does not say %q", what, err, word)
			}
		}
		return nil
	}
	err := c.Create(ctx, site("mute", WebsiteSpec{}, nil))
	if err := says("a website without text", err, `admission webhook "validate.sites.example.com" denied the request`, "says nothing"); err != nil {
		return err
	}
	if !apierrors.IsForbidden(err) {
		return fmt.Errorf("a refusal of the webhook is %v, not Forbidden", apierrors.ReasonForError(err))
	}
	err = c.Create(ctx, site("many", WebsiteSpec{Text: "x", Copies: 9}, nil))
	if err := says("nine copies", err, "spec.copies", "should be less than or equal to 5"); err != nil {
		return err
	}
	if !apierrors.IsInvalid(err) {
		return fmt.Errorf("a refusal of the schema is %v, not Invalid", apierrors.ReasonForError(err))
	}

	if err := await(ctx, "three pages and a Ready condition", func() (bool, error) {
		got := &Website{}
		if err := cached.Get(ctx, key("home"), got); err != nil {
			return false, client.IgnoreNotFound(err)
		}
		pages := &corev1.ConfigMapList{}
		if err := cached.List(ctx, pages, client.InNamespace(namespace)); err != nil {
			return false, err
		}
		owned := 0
		for i := range pages.Items {
			if metav1.IsControlledBy(&pages.Items[i], got) {
				owned++
			}
		}
		return owned == 3 && got.Status.Pages == 3 && len(got.Finalizers) == 1 && len(got.Status.Conditions) == 1, nil
	}); err != nil {
		return err
	}

	if err := c.Create(ctx, site("shop", WebsiteSpec{Text: "buy", Theme: "blink"}, map[string]string{"keep": "true"})); err != nil {
		return err
	}
	if err := await(ctx, "the index of the cache", func() (bool, error) {
		found := &WebsiteList{}
		if err := cached.List(ctx, found, client.MatchingFields{themeIndex: "blink"}); err != nil {
			return false, err
		}
		return len(found.Items) == 1 && found.Items[0].Name == "shop", nil
	}); err != nil {
		return err
	}
	shop := &Website{}
	if err := c.Get(ctx, key("shop"), shop); err != nil {
		return err
	}
	if err := says("deleting what is to be kept", c.Delete(ctx, shop), "shop is to be kept"); err != nil {
		return err
	}
	change := client.MergeFrom(shop.DeepCopyObject().(*Website))
	shop.Spec.Theme = "plain"
	if err := says("another theme", c.Patch(ctx, shop, change), "the theme of shop stays blink"); err != nil {
		return err
	}

	// A page that someone removes comes back; a website that goes leaves its note, and its pages go with it.
	if err := c.Delete(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "home-1"}}); err != nil {
		return err
	}
	if err := await(ctx, "the page home-1 again", func() (bool, error) {
		err := c.Get(ctx, key("home-1"), &corev1.ConfigMap{})
		return err == nil, client.IgnoreNotFound(err)
	}); err != nil {
		return err
	}
	if err := c.Delete(ctx, home); err != nil {
		return err
	}
	return await(ctx, "the archive, and no page of home", func() (bool, error) {
		if err := c.Get(ctx, key("archive-home"), &corev1.ConfigMap{}); err != nil {
			return false, client.IgnoreNotFound(err)
		}
		for _, name := range []string{"home-0", "home-1", "home-2"} {
			if err := c.Get(ctx, key(name), &corev1.ConfigMap{}); !apierrors.IsNotFound(err) {
				return false, err
			}
		}
		err := c.Get(ctx, key("home"), &Website{})
		return apierrors.IsNotFound(err), client.IgnoreNotFound(err)
	})
}

func await(ctx context.Context, what string, done func() (bool, error)) error {
	err := wait.PollUntilContextTimeout(ctx, 100*time.Millisecond, time.Minute, true, func(context.Context) (bool, error) { return done() })
	if err != nil {
		return fmt.Errorf("waiting for %s: %w", what, err)
	}
	fmt.Println("seen:", what)
	return nil
}
