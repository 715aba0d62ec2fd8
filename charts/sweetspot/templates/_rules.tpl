{{- /*
Rights in the namespaces that the operator looks after: exactly the verbs of its requests (operator/src/operator.ts,
operator/src/actions). Caches list and watch. Server-side apply is `patch`, and `create` too where it makes the object.
*/ -}}
{{- define "sweetspot.rules" -}}
# `get`: whoever asks for a measurement is looked up once more before it starts.
- apiGroups: [sweetspot.dev]
  resources: [inferencedeployments]
  verbs: [get, list, watch]
- apiGroups: [sweetspot.dev]
  resources: [tuningruns]
  verbs: [get, list, watch, create, delete]
- apiGroups: [sweetspot.dev]
  resources: [inferencedeployments/status, tuningruns/status]
  verbs: [patch]
{{- if .Values.rbac.ownerFinalizers }}
- apiGroups: [sweetspot.dev]
  resources: [inferencedeployments/finalizers, tuningruns/finalizers]
  verbs: [update]
{{- end }}
- apiGroups: [apps]
  resources: [deployments]
  verbs: [list, watch, create, patch, delete]
- apiGroups: [policy]
  resources: [poddisruptionbudgets]
  verbs: [list, watch, create, patch, delete]
- apiGroups: [""]
  resources: [serviceaccounts]
  verbs: [list, watch, create, patch, delete]
# `get`: samples are in a ConfigMap of the user's, which carries no label of ours.
- apiGroups: [""]
  resources: [configmaps]
  verbs: [get, list, watch, create, patch, delete]
# Services go with their owner.
- apiGroups: [""]
  resources: [services]
  verbs: [list, watch, create, patch]
- apiGroups: [batch]
  resources: [jobs]
  verbs: [list, watch, create, delete]
# The ValidatingAdmissionPolicy narrows `patch` to three annotations.
- apiGroups: [""]
  resources: [pods]
  verbs: [list, watch, patch]
- apiGroups: [""]
  resources: [pods/log]
  verbs: [get]
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create, patch]
{{- end -}}
