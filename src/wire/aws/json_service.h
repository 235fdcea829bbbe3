#pragma once

#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"
#include "wire/aws/replay_window.h"
#include "wire/aws/service_model.h"
#include "wire/http/route.h"

// A service of AWS that speaks JSON, as a protocol of the one port: AWS JSON 1.1 (POST / with X-Amz-Target) where its
// model has a target prefix, REST-JSON with a path for each operation where it has none.
//
//   json_service speaks(personalize(), keys);
//   speaks.add<create_schema_request, create_schema_response>("CreateSchema", engineers, [&](const auto& in, const
//   auto&) { ... });
//
// An input is checked against the model before the handler sees it. An error has the shape that botocore reads: the
// name of AWS's exception in __type and x-amzn-errortype, and a message.
namespace eunomia::wire::aws {

// An exception of AWS's, by its name: "ResourceInUseException". core::error becomes one too, by its code.
struct exception : std::runtime_error {
  exception(std::string name, const std::string& message, unsigned http_status = 400)
      : runtime_error(message), type(std::move(name)), status(http_status) {}
  std::string type;
  unsigned status;
};

class json_service final : public http::protocol {
 public:
  // All must outlive it. used: the signatures of requests that changed something, which are refused when they come
  // again; null: none are remembered.
  json_service(const service_model& of, const http::authenticator& who_calls, replay_window* used = nullptr);
  json_service(const json_service&) = delete;
  json_service& operator=(const json_service&) = delete;

  // Throws errc::internal for an operation that the model lacks, or one added before.
  template <class In, class Out>
  void add(std::string_view operation_name, http::access who, std::function<Out(const In&, const http::request&)> run) {
    add_json(operation_name, who, [run = std::move(run)](const core::json_value& input, const http::request& head) {
      return core::write_json(run(core::read_json<In>(input, {.missing = core::json_missing::keep_default}), head));
    });
  }

  const service_model& model() const { return model_; }
  // Of the model, and not added: none when all that it has is spoken.
  std::vector<std::string_view> missing() const;

  std::string_view name() const override { return model_.name; }
  bool claims(const http::request& head) const override;
  std::span<const http::route> routes() const override { return routes_; }
  const http::authenticator& credentials() const override { return who_calls_; }
  http::response answer_of(const http::request& head, const http::failure& why) const override;

 private:
  using handler = std::function<std::string(const core::json_value& input, const http::request& head)>;
  struct spoken {
    const operation* what;
    bool changes;  // something, as its name says
    http::access who;
    handler run;
  };

  void add_json(std::string_view operation_name, http::access who, handler run);
  bool by_target() const { return !model_.target_prefix.empty(); }
  http::response run_target(const http::request& head) const;
  http::response run(const spoken& one, const http::request& head) const;
  http::response run_once(const spoken& one, const core::json_value& input, const http::request& head) const;
  http::response answered(std::string body) const;
  http::response refused(const http::request& head, std::string_view type, std::string_view message,
                         unsigned status) const;

  const service_model& model_;
  const http::authenticator& who_calls_;
  replay_window* used_;
  std::map<std::string, spoken, std::less<>> all_;
  std::vector<http::route> routes_;
};

}  // namespace eunomia::wire::aws
