// gohost is a small host on the real go-plugin client: it starts the executable given as its argument, serves it a brokered
// key-value store, walks through the calls of a plugin's life and prints what came back as one JSON object.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"time"

	hclog "github.com/hashicorp/go-hclog"
	goplugin "github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"portico/interop/gen/eventspb"
	"portico/interop/gen/gatewaypb"
	"portico/interop/gen/pluginpb"
	"portico/interop/wire"
)

const pluginID = 42

// store is the key-value part of the gateway's service API, in memory.
type store struct {
	gatewaypb.UnimplementedMicrogatewayManagementServiceServer
	mu     sync.Mutex
	values map[string][]byte
}

func (s *store) WritePluginKV(_ context.Context, req *gatewaypb.WritePluginKVRequest) (*gatewaypb.WritePluginKVResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, exists := s.values[req.Key]
	s.values[req.Key] = req.Value
	return &gatewaypb.WritePluginKVResponse{Created: !exists}, nil
}

func (s *store) ReadPluginKV(_ context.Context, req *gatewaypb.ReadPluginKVRequest) (*gatewaypb.ReadPluginKVResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	value, exists := s.values[req.Key]
	if !exists {
		return nil, status.Errorf(codes.NotFound, "key not found: %s", req.Key)
	}
	return &gatewaypb.ReadPluginKVResponse{Value: value}, nil
}

// bus keeps what was published.
type bus struct {
	eventspb.UnimplementedPluginEventServiceServer
	mu     sync.Mutex
	topics []string
}

func (b *bus) Publish(_ context.Context, req *eventspb.PublishRequest) (*eventspb.PublishResponse, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.topics = append(b.topics, req.Topic)
	return &eventspb.PublishResponse{Success: true, EventId: "event-1"}, nil
}

type dispensed struct {
	broker *goplugin.GRPCBroker
	client pluginpb.PluginServiceClient
}

type runtime struct {
	goplugin.NetRPCUnsupportedPlugin
}

func (runtime) GRPCServer(*goplugin.GRPCBroker, *grpc.Server) error {
	return fmt.Errorf("this program is a host, not a plugin")
}

func (runtime) GRPCClient(_ context.Context, broker *goplugin.GRPCBroker, conn *grpc.ClientConn) (any, error) {
	return &dispensed{broker: broker, client: pluginpb.NewPluginServiceClient(conn)}, nil
}

// call is one entry of GOHOST_CALLS: a method of PluginService.Call with its payload.
type call struct {
	Method  string `json:"method"`
	Payload string `json:"payload"`
}

func run(path string) (map[string]any, error) {
	command := exec.Command(path)
	client := goplugin.NewClient(&goplugin.ClientConfig{
		HandshakeConfig:  wire.Handshake,
		Plugins:          goplugin.PluginSet{"plugin": runtime{}},
		Cmd:              command,
		AllowedProtocols: []goplugin.Protocol{goplugin.ProtocolGRPC},
		Logger:           hclog.New(&hclog.LoggerOptions{Level: hclog.Debug, Output: os.Stderr}),
	})
	defer client.Kill()
	protocol, err := client.Client()
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	if err := protocol.Ping(); err != nil {
		return nil, fmt.Errorf("health: %w", err)
	}
	raw, err := protocol.Dispense("plugin")
	if err != nil {
		return nil, fmt.Errorf("dispense: %w", err)
	}
	plugin := raw.(*dispensed)

	values := &store{values: map[string][]byte{}}
	events := &bus{}
	brokerID := plugin.broker.NextId()
	go plugin.broker.AcceptAndServe(brokerID, func(options []grpc.ServerOption) *grpc.Server {
		server := grpc.NewServer(options...)
		gatewaypb.RegisterMicrogatewayManagementServiceServer(server, values)
		eventspb.RegisterPluginEventServiceServer(server, events)
		return server
	})

	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	out := map[string]any{}
	config := map[string]string{"_plugin_id": strconv.Itoa(pluginID), "_service_broker_id": strconv.Itoa(int(brokerID))}
	if given := os.Getenv("GOHOST_CONFIG"); given != "" {
		if err := json.Unmarshal([]byte(given), &config); err != nil {
			return nil, err
		}
	}
	initialized, err := plugin.client.Initialize(ctx, &pluginpb.InitRequest{Config: config})
	if err != nil {
		return nil, fmt.Errorf("Initialize: %w", err)
	}
	out["initialize"] = initialized.Success
	out["initializeError"] = initialized.ErrorMessage

	session := make(chan string, 1)
	go func() {
		res, err := plugin.client.OpenSession(ctx, &pluginpb.OpenSessionRequest{ServiceBrokerId: brokerID, PluginId: pluginID, TimeoutMs: 30000})
		if err != nil {
			session <- err.Error()
			return
		}
		session <- res.CloseReason.String()
	}()

	ping, err := plugin.client.Ping(ctx, &pluginpb.PingRequest{Timestamp: time.Now().Unix()})
	if err != nil {
		return nil, fmt.Errorf("Ping: %w", err)
	}
	out["healthy"] = ping.Healthy

	manifest, err := plugin.client.GetManifest(ctx, &pluginpb.GetManifestRequest{})
	out["manifest"] = answerOr(err, manifest.GetManifestJson())

	postAuth, err := plugin.client.ProcessPostAuth(ctx, &pluginpb.EnrichedRequest{
		Request: &pluginpb.PluginRequest{
			Method: "POST", Path: "/llm/call/x/v1/chat/completions", Headers: map[string]string{"Content-Type": "application/json"},
			Body:    []byte(`{"model":"m","messages":[{"role":"user","content":"Hello"}]}`),
			Context: &pluginpb.PluginContext{RequestId: "req_1", LlmId: 3, LlmSlug: "x", AppId: 5},
		},
		AppId: "5", Authenticated: true,
	})
	out["postAuth"] = answerOr(err, map[string]any{"modified": postAuth.GetModified(), "headers": postAuth.GetHeaders(), "body": string(postAuth.GetBody())})

	hook, err := plugin.client.HandleObjectHook(ctx, &pluginpb.ObjectHookRequest{
		HookType: "before_create", ObjectType: "llm", OperationId: "op-1", PluginId: pluginID,
		ObjectJson: `{"id":1,"name":"A","api_endpoint":"http://insecure.example"}`,
	})
	out["objectHook"] = answerOr(err, map[string]any{"allow": hook.GetAllowOperation(), "reason": hook.GetRejectionReason()})

	var calls []call
	if given := os.Getenv("GOHOST_CALLS"); given != "" {
		if err := json.Unmarshal([]byte(given), &calls); err != nil {
			return nil, err
		}
	}
	answers := []any{}
	for _, c := range calls {
		res, err := plugin.client.Call(ctx, &pluginpb.CallRequest{Method: c.Method, Payload: c.Payload, ServiceBrokerId: brokerID})
		answers = append(answers, answerOr(err, map[string]any{"success": res.GetSuccess(), "data": res.GetData(), "error": res.GetErrorMessage()}))
	}
	out["calls"] = answers

	closed, err := plugin.client.CloseSession(ctx, &pluginpb.CloseSessionRequest{Reason: "unload"})
	out["closeSession"] = answerOr(err, closed.GetSuccess())
	select {
	case out["sessionEnd"] = <-session:
	case <-time.After(3 * time.Second):
		out["sessionEnd"] = "still open"
	}
	stopped, err := plugin.client.Shutdown(ctx, &pluginpb.ShutdownRequest{TimeoutSeconds: 5})
	out["shutdown"] = answerOr(err, stopped.GetSuccess())

	before := time.Now()
	client.Kill()
	// go-plugin waits two seconds for a plugin to leave by itself before it kills it.
	out["leftByItself"] = client.Exited() && time.Since(before) < 2*time.Second

	values.mu.Lock()
	defer values.mu.Unlock()
	stored := map[string]string{}
	for key, value := range values.values {
		stored[key] = string(value)
	}
	out["stored"] = stored
	events.mu.Lock()
	defer events.mu.Unlock()
	out["published"] = events.topics
	return out, nil
}

func answerOr(err error, value any) any {
	if err != nil {
		return map[string]any{"grpcError": status.Code(err).String(), "message": status.Convert(err).Message()}
	}
	return value
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: gohost <plugin executable>")
		os.Exit(2)
	}
	out, err := run(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if err := json.NewEncoder(os.Stdout).Encode(out); err != nil {
		os.Exit(1)
	}
}
