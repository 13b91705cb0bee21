// Package keda answers KEDA, as an external scaler, what the external metrics API answers HPAs: for clusters where
// external.metrics.k8s.io is KEDA's. Values, waits and refusals are the provider's. An error is never turned into "not active".
//
// KEDA asks for any namespace's metrics, so whoever may call is KEDA: callers show a certificate of the CA that is configured, and
// nobody is served without.
package keda
