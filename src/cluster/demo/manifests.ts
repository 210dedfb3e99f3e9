/** The demo: `examples/demo/demo.yaml` word for word, so that the packed command carries it. A test holds the two equal. */
export const demoManifests: string = `# The sample application of samples/kustomize, with a small web server in place of nginx: two replicas that take their
# settings from a Secret and their page from a ConfigMap, behind a Service with a node port.
apiVersion: v1
kind: Namespace
metadata:
  name: demo
---
apiVersion: v1
kind: Secret
metadata:
  name: app-secret
  namespace: demo
type: Opaque
stringData:
  USERNAME: devuser
  PASSWORD: devpass123
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: my-app-page
  namespace: demo
data:
  index.html: |
    <!doctype html>
    <title>tsukube</title>
    <h1>It runs.</h1>
    <p>This page comes from a ConfigMap, mounted into a container of the Deployment <code>my-app</code>.</p>
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: my-app
  namespace: demo
spec:
  replicas: 2
  selector:
    matchLabels:
      app: my-app
  template:
    metadata:
      labels:
        app: my-app
    spec:
      containers:
        - name: my-container
          image: tsukube.dev/demo:1
          ports:
            - containerPort: 80
          envFrom:
            - secretRef:
                name: app-secret
          readinessProbe:
            httpGet:
              path: /
              port: 80
          volumeMounts:
            - name: page
              mountPath: /www
      volumes:
        - name: page
          configMap:
            name: my-app-page
---
apiVersion: v1
kind: Service
metadata:
  name: my-app-service
  namespace: demo
spec:
  type: NodePort
  selector:
    app: my-app
  ports:
    - port: 80
      targetPort: 80
      nodePort: 30080
`;
