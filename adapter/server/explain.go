package server

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apiserver/pkg/endpoints/handlers/responsewriters"
	genericapiserver "k8s.io/apiserver/pkg/server"
)

// explainer tells why a job's flink_desired_taskmanagers is what it is, and with history how it came there. Its error is a bare *apierrors.StatusError, as the
// metric's own.
type explainer[E explanation] interface {
	Explain(ctx context.Context, namespace string, selector labels.Selector, history bool) (E, error)
}

// explanation can be told as text. As JSON it is what encoding/json makes of it.
type explanation interface{ Text() string }

type buildHandlerChain = func(apiHandler http.Handler, c *genericapiserver.Config) http.Handler

// withExplanations adds explanations to what an API server answers. In front of its chain of handlers a question becomes a
// request for the metric, so that whoever may list the metric in that namespace is answered, and nobody else. The answer is
// given behind the chain.
func withExplanations[E explanation](build buildHandlerChain, explainer explainer[E]) buildHandlerChain {
	return func(apiHandler http.Handler, c *genericapiserver.Config) http.Handler {
		return ask(build(answer(explainer, apiHandler), c))
	}
}

// questionKey is the key of a request's question in its context.
type questionKey struct{}

// ask finds questions among the requests. A wrong one is refused before anybody is asked who they are: why it is wrong
// depends on nothing but the request.
func ask(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked, asks, err := questionOf(r)
		if !asks {
			next.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Cache-Control", "no-store")
		switch {
		case r.Method != http.MethodGet && r.Method != http.MethodHead:
			w.Header().Set("Allow", "GET, HEAD")
			refuse(w, &apierrors.StatusError{ErrStatus: metav1.Status{
				Code: http.StatusMethodNotAllowed, Reason: metav1.StatusReasonMethodNotAllowed,
				Message: fmt.Sprintf("method %s has no meaning for an explanation; read it with GET", r.Method),
			}})
		case err != nil:
			refuse(w, apierrors.NewBadRequest(err.Error()))
		default:
			r = r.WithContext(context.WithValue(r.Context(), questionKey{}, asked))
			r.URL = asked.metric
			next.ServeHTTP(w, r)
		}
	})
}

// answer answers the questions that ask found and the chain let through.
func answer[E explanation](explainer explainer[E], next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked, ok := r.Context().Value(questionKey{}).(question)
		if !ok {
			next.ServeHTTP(w, r)
			return
		}
		explanation, err := explainer.Explain(r.Context(), asked.namespace, asked.selector, asked.history)
		if err != nil {
			refuse(w, err)
			return
		}
		body, contentType := []byte(explanation.Text()), textType+"; charset=utf-8"
		if asked.format == jsonFormat {
			contentType = jsonType
			if body, err = json.MarshalIndent(explanation, "", "  "); err != nil {
				refuse(w, apierrors.NewInternalError(fmt.Errorf("explanation as JSON: %w", err)))
				return
			}
			body = append(body, '\n')
		}
		w.Header().Set("Content-Type", contentType)
		w.Header().Set("X-Content-Type-Options", "nosniff") // it holds names that users gave
		_, _ = w.Write(body)                                // an error: nobody waits for it any more
	})
}

// refuse answers with a Status whatever the format asked for. Of an error in any other form kubectl shows only the code.
func refuse(w http.ResponseWriter, err error) {
	status := responsewriters.ErrorToAPIStatus(err)
	responsewriters.WriteRawJSON(int(status.Code), status, w)
}
