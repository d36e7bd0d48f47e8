// Does with Pusher's SDK for Go what the tests say: JSON, a line each; commands in, answers out.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/url"
	"os"
	"strings"

	"github.com/pusher/pusher-http-go/v5"
)

type command struct {
	Call string     `json:"call"`
	With parameters `json:"with"`
}

// parameters are those of all commands; each takes its own.
type parameters struct {
	Host      string             `json:"host"`
	Port      int                `json:"port"`
	AppID     string             `json:"app_id"`
	Key       string             `json:"key"`
	Secret    string             `json:"secret"`
	MasterKey string             `json:"master_key"`
	Channel   string             `json:"channel"`
	Channels  []string           `json:"channels"`
	Name      string             `json:"name"`
	Data      any                `json:"data"`
	Batch     []pusher.Event     `json:"batch"`
	SocketID  *string            `json:"socket_id"`
	Prefix    string             `json:"prefix"`
	Info      []string           `json:"info"`
	UserID    string             `json:"user_id"`
	User      map[string]any     `json:"user"`
	Member    *pusher.MemberData `json:"member"`
	Signature string             `json:"signature"`
	Body      string             `json:"body"`
}

type answer struct {
	Result any    `json:"result,omitempty"`
	Error  string `json:"error,omitempty"`
}

func main() {
	lines, answers := json.NewDecoder(os.Stdin), json.NewEncoder(os.Stdout)
	var sdk pusher.Client
	for {
		var next command
		if err := lines.Decode(&next); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			log.Fatal(err)
		}
		result, err := do(&sdk, next.Call, next.With)
		if err != nil {
			answers.Encode(answer{Error: err.Error()})
		} else {
			answers.Encode(answer{Result: result})
		}
	}
}

func do(sdk *pusher.Client, call string, with parameters) (any, error) {
	switch call {
	case "use":
		*sdk = pusher.Client{
			AppID:                     with.AppID,
			Key:                       with.Key,
			Secret:                    with.Secret,
			Host:                      fmt.Sprintf("%s:%d", with.Host, with.Port),
			EncryptionMasterKeyBase64: with.MasterKey,
		}
		return nil, nil
	case "trigger":
		return sdk.TriggerMultiWithParams(with.Channels, with.Name, with.Data, pusher.TriggerParams{
			SocketID: with.SocketID,
			Info:     attributes(with.Info),
		})
	case "trigger_batch":
		return sdk.TriggerBatch(with.Batch)
	case "channels":
		return sdk.Channels(pusher.ChannelsParams{FilterByPrefix: &with.Prefix, Info: attributes(with.Info)})
	case "channel":
		return sdk.Channel(with.Channel, pusher.ChannelParams{Info: attributes(with.Info)})
	case "users":
		return sdk.GetChannelUsers(with.Channel)
	case "send_to_user":
		return nil, sdk.SendToUser(with.UserID, with.Name, with.Data)
	case "authorize":
		return authorize(sdk, with)
	case "authenticate":
		form := url.Values{"socket_id": {*with.SocketID}}.Encode()
		return raw(sdk.AuthenticateUser([]byte(form), with.User))
	case "webhook":
		headers := http.Header{"X-Pusher-Key": {with.Key}, "X-Pusher-Signature": {with.Signature}}
		return sdk.Webhook(headers, []byte(with.Body))
	default:
		return nil, fmt.Errorf("the SDK for Go cannot %s", call)
	}
}

func authorize(sdk *pusher.Client, with parameters) (any, error) {
	form := []byte(url.Values{"socket_id": {*with.SocketID}, "channel_name": {with.Channel}}.Encode())
	if with.Member == nil {
		return raw(sdk.AuthorizePrivateChannel(form))
	}
	return raw(sdk.AuthorizePresenceChannel(form, *with.Member))
}

// attributes joins names as the SDK takes them: nil when there is none.
func attributes(names []string) *string {
	if len(names) == 0 {
		return nil
	}
	joined := strings.Join(names, ",")
	return &joined
}

// raw hands on JSON that the SDK has made already.
func raw(text []byte, err error) (any, error) {
	return json.RawMessage(text), err
}
