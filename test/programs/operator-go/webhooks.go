package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"
)

type hooks struct{}

func (hooks) Default(_ context.Context, site *Website) error {
	if site.Spec.Theme == "" {
		site.Spec.Theme = "plain"
	}
	if site.Spec.Copies == 0 {
		site.Spec.Copies = 1
	}
	return nil
}

func (hooks) ValidateCreate(_ context.Context, site *Website) (admission.Warnings, error) {
	if site.Spec.Text == "" {
		return nil, fmt.Errorf("a website without text says nothing")
	}
	if site.Spec.Theme == "blink" {
		return admission.Warnings{"nobody likes the theme blink"}, nil
	}
	return nil, nil
}

func (h hooks) ValidateUpdate(ctx context.Context, old, site *Website) (admission.Warnings, error) {
	if old.Spec.Theme != site.Spec.Theme && site.DeletionTimestamp.IsZero() {
		return nil, fmt.Errorf("the theme of %s stays %s", site.Name, old.Spec.Theme)
	}
	return h.ValidateCreate(ctx, site)
}

func (hooks) ValidateDelete(_ context.Context, site *Website) (admission.Warnings, error) {
	if site.Labels["keep"] == "true" {
		return nil, fmt.Errorf("%s is to be kept", site.Name)
	}
	return nil, nil
}

func setupHooks(mgr ctrl.Manager) error {
	return ctrl.NewWebhookManagedBy(mgr, &Website{}).WithDefaulter(hooks{}).WithValidator(hooks{}).Complete()
}

// servingPair writes tls.crt and tls.key for 127.0.0.1 into dir and gives the certificate, which is its own authority.
func servingPair(dir string) ([]byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "websites"},
		NotBefore: time.Now().Add(-time.Minute), NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true, IsCA: true, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	private, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, err
	}
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	if err := os.WriteFile(filepath.Join(dir, "tls.crt"), certificate, 0o600); err != nil {
		return nil, err
	}
	return certificate, os.WriteFile(filepath.Join(dir, "tls.key"), pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: private}), 0o600)
}

// registerHooks tells the server to ask us, by URL.
func registerHooks(ctx context.Context, c client.Client, port int, ca []byte) error {
	to := func(path string) admissionv1.WebhookClientConfig {
		url := fmt.Sprintf("https://127.0.0.1:%d/%s-sites-example-com-v1-website", port, path)
		return admissionv1.WebhookClientConfig{URL: &url, CABundle: ca}
	}
	rules := func(operations ...admissionv1.OperationType) []admissionv1.RuleWithOperations {
		return []admissionv1.RuleWithOperations{{Operations: operations, Rule: admissionv1.Rule{
			APIGroups: []string{groupVersion.Group}, APIVersions: []string{"v1"}, Resources: []string{"websites"},
		}}}
	}
	none := admissionv1.SideEffectClassNone
	if err := c.Create(ctx, &admissionv1.MutatingWebhookConfiguration{
		ObjectMeta: metav1.ObjectMeta{Name: "websites"},
		Webhooks: []admissionv1.MutatingWebhook{{
			Name: "default.sites.example.com", ClientConfig: to("mutate"), SideEffects: &none, AdmissionReviewVersions: []string{"v1"},
			Rules: rules(admissionv1.Create, admissionv1.Update),
		}},
	}); err != nil {
		return err
	}
	return c.Create(ctx, &admissionv1.ValidatingWebhookConfiguration{
		ObjectMeta: metav1.ObjectMeta{Name: "websites"},
		Webhooks: []admissionv1.ValidatingWebhook{{
			Name: "validate.sites.example.com", ClientConfig: to("validate"), SideEffects: &none, AdmissionReviewVersions: []string{"v1"},
			Rules: rules(admissionv1.Create, admissionv1.Update, admissionv1.Delete),
		}},
	})
}
