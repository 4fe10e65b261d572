// goplugin is a small plugin on the real go-plugin runtime. It proves that the host of this repository speaks to plugins it did
// not write: handshake, stdio, broker, sessions and shutdown are all the library's.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	hclog "github.com/hashicorp/go-hclog"
	goplugin "github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"portico/interop/gen/configpb"
	"portico/interop/gen/eventspb"
	"portico/interop/gen/gatewaypb"
	"portico/interop/gen/pluginpb"
	"portico/interop/wire"
)

type service struct {
	pluginpb.UnimplementedPluginServiceServer
	broker *goplugin.GRPCBroker
	log    hclog.Logger

	mu       sync.Mutex
	config   map[string]string
	brokerID uint32
	pluginID uint32
	conn     *grpc.ClientConn
	sessions int
	closed   chan string
}

// host dials the broker once; the connection is shared, because a broker id can be dialled only once.
func (s *service) host() (*grpc.ClientConn, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conn == nil {
		conn, err := s.broker.Dial(s.brokerID)
		if err != nil {
			return nil, err
		}
		s.conn = conn
	}
	return s.conn, nil
}

func (s *service) Initialize(_ context.Context, req *pluginpb.InitRequest) (*pluginpb.InitResponse, error) {
	plugin, err := strconv.ParseUint(req.Config["_plugin_id"], 10, 32)
	if err != nil {
		return &pluginpb.InitResponse{ErrorMessage: "no _plugin_id"}, nil
	}
	broker, err := strconv.ParseUint(req.Config["_service_broker_id"], 10, 32)
	if err != nil {
		return &pluginpb.InitResponse{ErrorMessage: "no _service_broker_id"}, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.config, s.pluginID, s.brokerID = req.Config, uint32(plugin), uint32(broker)
	s.log.Info("initialized", "plugin", plugin)
	// After the handshake this goes through GRPCStdio, not through the process's own stdout.
	fmt.Println("a line on stdout")
	return &pluginpb.InitResponse{Success: true}, nil
}

func (s *service) Ping(_ context.Context, req *pluginpb.PingRequest) (*pluginpb.PingResponse, error) {
	return &pluginpb.PingResponse{Timestamp: req.Timestamp, Healthy: true}, nil
}

func (s *service) Shutdown(context.Context, *pluginpb.ShutdownRequest) (*pluginpb.ShutdownResponse, error) {
	s.log.Info("shutting down")
	return &pluginpb.ShutdownResponse{Success: true}, nil
}

func (s *service) OpenSession(ctx context.Context, req *pluginpb.OpenSessionRequest) (*pluginpb.OpenSessionResponse, error) {
	s.mu.Lock()
	s.sessions++
	s.mu.Unlock()
	reason := pluginpb.OpenSessionResponse_TIMEOUT
	select {
	case <-time.After(time.Duration(req.TimeoutMs) * time.Millisecond):
	case <-s.closed:
		reason = pluginpb.OpenSessionResponse_EXPLICIT_CLOSE
	case <-ctx.Done():
	}
	return &pluginpb.OpenSessionResponse{Success: true, SessionId: "session", CloseReason: reason}, nil
}

func (s *service) CloseSession(_ context.Context, req *pluginpb.CloseSessionRequest) (*pluginpb.CloseSessionResponse, error) {
	select {
	case s.closed <- req.Reason:
	default:
	}
	s.log.Info("session closed")
	return &pluginpb.CloseSessionResponse{Success: true}, nil
}

func (s *service) ProcessPostAuth(_ context.Context, req *pluginpb.EnrichedRequest) (*pluginpb.PluginResponse, error) {
	answer := &pluginpb.PluginResponse{Modified: true, Headers: map[string]string{"X-App": req.AppId}}
	// The bench needs a body that stays as it is.
	if s.config["keep_body"] == "" {
		answer.Body = append(req.Request.GetBody(), '!')
	}
	return answer, nil
}

func (s *service) Call(ctx context.Context, req *pluginpb.CallRequest) (*pluginpb.CallResponse, error) {
	data, err := s.answer(ctx, req)
	if err != nil {
		return &pluginpb.CallResponse{ErrorMessage: err.Error()}, nil
	}
	return &pluginpb.CallResponse{Success: true, Data: data}, nil
}

func (s *service) answer(ctx context.Context, req *pluginpb.CallRequest) (string, error) {
	switch req.Method {
	case "state":
		s.mu.Lock()
		defer s.mu.Unlock()
		text, err := json.Marshal(map[string]any{"config": s.config, "sessions": s.sessions, "runtime": os.Getenv("PLUGIN_RUNTIME")})
		return string(text), err
	case "fail":
		return "", status.Error(codes.FailedPrecondition, "asked to fail")
	}
	conn, err := s.host()
	if err != nil {
		return "", err
	}
	caller := &gatewaypb.PluginContext{PluginId: s.pluginID, MethodScope: "kv.readwrite"}
	switch req.Method {
	case "write":
		key, value, _ := strings.Cut(req.Payload, "=")
		res, err := gatewaypb.NewMicrogatewayManagementServiceClient(conn).
			WritePluginKV(ctx, &gatewaypb.WritePluginKVRequest{Context: caller, Key: key, Value: []byte(value)})
		return strconv.FormatBool(res.GetCreated()), err
	case "read":
		res, err := gatewaypb.NewMicrogatewayManagementServiceClient(conn).
			ReadPluginKV(ctx, &gatewaypb.ReadPluginKVRequest{Context: caller, Key: req.Payload})
		return string(res.GetValue()), err
	case "publish":
		res, err := eventspb.NewPluginEventServiceClient(conn).
			Publish(ctx, &eventspb.PublishRequest{Topic: "interop.said", Payload: []byte(req.Payload), Direction: 1, PluginId: strconv.Itoa(int(s.pluginID))})
		return res.GetEventId(), err
	case "subscribe":
		stream, err := eventspb.NewPluginEventServiceClient(conn).Subscribe(ctx, &eventspb.SubscribeRequest{Topic: req.Payload})
		if err != nil {
			return "", err
		}
		event, err := stream.Recv()
		return string(event.GetPayload()), err
	}
	return "", fmt.Errorf("no method %q", req.Method)
}

type provider struct {
	configpb.UnimplementedConfigProviderServiceServer
}

func (provider) Ping(_ context.Context, req *configpb.ConfigPingRequest) (*configpb.ConfigPingResponse, error) {
	return &configpb.ConfigPingResponse{Timestamp: req.Timestamp, Healthy: true}, nil
}

func (provider) GetConfigSchema(context.Context, *configpb.ConfigSchemaRequest) (*configpb.ConfigSchemaResponse, error) {
	return &configpb.ConfigSchemaResponse{Success: true, SchemaJson: `{"type":"object"}`}, nil
}

func (provider) GetManifest(context.Context, *configpb.GetManifestRequest) (*configpb.GetManifestResponse, error) {
	manifest := `{"id":"org.portico.interop","version":"1.0.0","name":"Interop","capabilities":{"hooks":["post_auth"]}}`
	return &configpb.GetManifestResponse{Success: true, ManifestJson: manifest}, nil
}

// runtime registers both services on the server that go-plugin makes.
type runtime struct {
	goplugin.NetRPCUnsupportedPlugin
	log hclog.Logger
}

func (r *runtime) GRPCServer(broker *goplugin.GRPCBroker, server *grpc.Server) error {
	pluginpb.RegisterPluginServiceServer(server, &service{broker: broker, log: r.log, closed: make(chan string)})
	configpb.RegisterConfigProviderServiceServer(server, provider{})
	return nil
}

func (r *runtime) GRPCClient(context.Context, *goplugin.GRPCBroker, *grpc.ClientConn) (any, error) {
	return nil, fmt.Errorf("this program is a plugin, not a host")
}

func main() {
	log := hclog.New(&hclog.LoggerOptions{Name: "interop", Level: hclog.Debug, Output: os.Stderr, JSONFormat: true})
	goplugin.Serve(&goplugin.ServeConfig{
		HandshakeConfig: wire.Handshake,
		Plugins:         goplugin.PluginSet{"plugin": &runtime{log: log}},
		GRPCServer:      goplugin.DefaultGRPCServer,
		Logger:          log,
	})
}
