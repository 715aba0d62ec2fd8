{{- /* Release name, with the chart's unless it is in it. At most 53 characters, so that suffixes fit. */ -}}
{{- define "sweetspot.name" -}}
{{- ternary .Release.Name (printf "%s-%s" .Release.Name .Chart.Name) (contains .Chart.Name .Release.Name) | trunc 53 | trimSuffix "-" -}}
{{- end -}}

{{- /* Deployment, ServiceAccount, Lease and roles of the operator. */ -}}
{{- define "sweetspot.operator" -}}
{{- printf "%s-operator" (include "sweetspot.name" .) -}}
{{- end -}}

{{- /* Objects without a namespace: releases of one name in two namespaces must not meet. */ -}}
{{- define "sweetspot.clusterName" -}}
{{- printf "%s.%s" (include "sweetspot.operator" .) .Release.Namespace -}}
{{- end -}}

{{- define "sweetspot.selectorLabels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: operator
{{- end -}}

{{- define "sweetspot.labels" -}}
{{ include "sweetspot.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{- /* Reference of an image. Arguments: root, image (a key of images). */ -}}
{{- define "sweetspot.image" -}}
{{- $images := .root.Values.images -}}
{{- $image := index $images .image -}}
{{- $repository := ternary (printf "%s/%s" $images.registry $image.repository) $image.repository (ne $images.registry "") -}}
{{- if $image.digest -}}
{{- printf "%s@%s" $repository $image.digest -}}
{{- else -}}
{{- printf "%s:%s" $repository ($image.tag | default $images.tag) -}}
{{- end -}}
{{- end -}}
