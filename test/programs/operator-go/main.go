// An operator on controller-runtime, as people write them (a manager with a cache, an index, a finalizer, owned objects,
// leader election, a defaulting and a validating webhook), and a check that uses it. Exit status 0: everything was seen.
package main

import (
	"context"
	"flag"
	"fmt"
	"net"
	"os"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/clientcmd"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"
	"sigs.k8s.io/controller-runtime/pkg/webhook"
)

var kubeconfigFile = flag.String("cluster", "", "kubeconfig of the cluster")

func main() {
	flag.Parse()
	ctrl.SetLogger(zap.New())
	if err := run(ctrl.SetupSignalHandler()); err != nil {
		fmt.Fprintln(os.Stderr, "operator-go:", err)
		os.Exit(1)
	}
	fmt.Println("operator-go: everything as expected")
}

func run(signals context.Context) error {
	ctx, stop := context.WithTimeout(signals, 5*time.Minute)
	defer stop()
	config, err := clientcmd.BuildConfigFromFlags("", *kubeconfigFile)
	if err != nil {
		return err
	}
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, apiextensionsv1.AddToScheme, addToScheme} {
		if err := add(scheme); err != nil {
			return err
		}
	}
	c, err := client.New(config, client.Options{Scheme: scheme})
	if err != nil {
		return err
	}
	if err := install(ctx, c); err != nil {
		return err
	}
	certificates, err := os.MkdirTemp("", "operator-go-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(certificates)
	ca, err := servingPair(certificates)
	if err != nil {
		return err
	}
	port, err := freePort()
	if err != nil {
		return err
	}
	mgr, err := ctrl.NewManager(config, ctrl.Options{
		Scheme: scheme, LeaderElection: true, LeaderElectionID: "websites", LeaderElectionNamespace: "default",
		LeaderElectionReleaseOnCancel: true, Metrics: server.Options{BindAddress: "0"},
		WebhookServer: webhook.NewServer(webhook.Options{Host: "127.0.0.1", Port: port, CertDir: certificates}),
	})
	if err != nil {
		return err
	}
	if err := (&reconciler{Client: mgr.GetClient()}).setup(mgr); err != nil {
		return err
	}
	if err := setupHooks(mgr); err != nil {
		return err
	}
	managing, stopManager := context.WithCancel(ctx)
	defer stopManager()
	ended := make(chan error, 1)
	go func() { ended <- mgr.Start(managing) }()
	if !mgr.GetCache().WaitForCacheSync(ctx) {
		return fmt.Errorf("the cache has not synced")
	}
	if err := await(ctx, "the webhook server", func() (bool, error) { return mgr.GetWebhookServer().StartedChecker()(nil) == nil, nil }); err != nil {
		return err
	}
	if err := registerHooks(ctx, c, port, ca); err != nil {
		return err
	}
	checked := check(ctx, c, mgr.GetClient())
	if err := leave(ctx, c); err != nil && checked == nil {
		checked = err
	}
	stopManager()
	if err := <-ended; err != nil && checked == nil {
		return err
	}
	return checked
}

// install brings the definition in and waits until it is established.
func install(ctx context.Context, c client.Client) error {
	crd := definition()
	if err := c.Create(ctx, crd); err != nil {
		return err
	}
	return await(ctx, "the definition to be established", func() (bool, error) {
		if err := c.Get(ctx, client.ObjectKeyFromObject(crd), crd); err != nil {
			return false, err
		}
		for _, condition := range crd.Status.Conditions {
			if condition.Type == apiextensionsv1.Established {
				return condition.Status == apiextensionsv1.ConditionTrue, nil
			}
		}
		return false, nil
	})
}

func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port, nil
}

// leave takes away what the operator has brought, while it still answers for its finalizers.
func leave(ctx context.Context, c client.Client) error {
	hooks := metav1.ObjectMeta{Name: "websites"}
	for _, o := range []client.Object{
		&admissionv1.MutatingWebhookConfiguration{ObjectMeta: hooks}, &admissionv1.ValidatingWebhookConfiguration{ObjectMeta: hooks}, definition(),
	} {
		if err := c.Delete(ctx, o); err != nil {
			return err
		}
	}
	return await(ctx, "no definition", func() (bool, error) {
		err := c.Get(ctx, client.ObjectKeyFromObject(definition()), definition())
		return apierrors.IsNotFound(err), client.IgnoreNotFound(err)
	})
}
