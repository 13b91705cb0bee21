package security

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/IBM/sarama"
	"github.com/aws/aws-msk-iam-sasl-signer-go/signer"
	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	"golang.org/x/oauth2"

	"github.com/flink-hpa/flink-hpa/adapter/collect"
	"github.com/flink-hpa/flink-hpa/adapter/config"
)

// msk signs tokens for Amazon MSK. Credentials are looked for anew for each, so that renewed ones are found.
type msk struct{ region, roleARN string }

func newMSK(a *config.AWS, conf *sarama.Config) *bearer {
	return newBearer("sasl.aws", msk{a.Region, a.RoleARN}, conf)
}

// Token signs one, which lasts for 15 minutes or as long as the credentials, whichever ends first. The error doesn't
// wrap its cause, which may hold the ids of requests.
func (m msk) Token() (*oauth2.Token, error) {
	ctx, cancel := context.WithTimeout(context.Background(), fetchTimeout)
	defer cancel()
	found, err := m.credentials(ctx)
	if err != nil {
		return nil, fmt.Errorf("no credentials: %s; give the adapter's pod an IAM role", reason(err))
	}
	token, expiry, err := signer.GenerateAuthTokenFromCredentialsProvider(ctx, m.region, credentials.StaticCredentialsProvider{Value: found})
	if err != nil {
		return nil, fmt.Errorf("sign a token: %s", reason(err))
	}
	expires := time.UnixMilli(expiry)
	if found.CanExpire && found.Expires.Before(expires) {
		expires = found.Expires
	}
	return &oauth2.Token{AccessToken: token, Expiry: expires}, nil
}

func (m msk) credentials(ctx context.Context) (aws.Credentials, error) {
	conf, err := awsconfig.LoadDefaultConfig(ctx, awsconfig.WithRegion(m.region))
	if err != nil {
		return aws.Credentials{}, err
	}
	if m.roleARN == "" {
		return conf.Credentials.Retrieve(ctx)
	}
	return stscreds.NewAssumeRoleProvider(sts.NewFromConfig(conf), m.roleARN).Retrieve(ctx)
}

func reason(err error) string {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return api.ErrorCode() + ": " + api.ErrorMessage()
	}
	return collect.Cause(err).Error()
}
