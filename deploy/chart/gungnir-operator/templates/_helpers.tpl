{{- define "gungnir-operator.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "gungnir-operator.selectorLabels" -}}
app.kubernetes.io/name: {{ default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "gungnir-operator.labels" -}}
{{ include "gungnir-operator.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: gungnir
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "gungnir-operator.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "gungnir-operator.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- required "serviceAccount.name is empty and serviceAccount.create is false: name the account that exists" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "gungnir-operator.image" -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) -}}
{{- end -}}
{{- end -}}

{{- /* A setting as an environment variable says it. Helm reads whole numbers as floats, which would print as 6e+05. */ -}}
{{- define "gungnir-operator.settingText" -}}
{{- if kindIs "slice" . -}}{{ join "," . }}{{- else if kindIs "float64" . -}}{{ int64 . }}{{- else -}}{{ . }}{{- end -}}
{{- end -}}

{{- /* Combinations that would let two operators act at once are refused before anything is installed. */ -}}
{{- define "gungnir-operator.check" -}}
{{- $elects := not (eq (toString .Values.settings.leaderElect) "false") -}}
{{- if gt (int .Values.replicaCount) 1 -}}
{{- if not $elects -}}
{{- fail (printf "settings.leaderElect is false and replicaCount is %d: all of them would act at once; set replicaCount to 1 or leave the election on" (int .Values.replicaCount)) -}}
{{- end -}}
{{- if .Values.settings.identity -}}
{{- fail (printf "settings.identity is %q for %d replicas: each would take the other's lease for its own; leave it out, the pod's name is used" .Values.settings.identity (int .Values.replicaCount)) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "gungnir-operator.httpPort" -}}
{{- $address := default ":8080" .Values.settings.httpAddress -}}
{{- last (splitList ":" $address) -}}
{{- end -}}
