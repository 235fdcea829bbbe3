// Inputs of the operations of Personalize: the name of an operation, a line break, and the body of a request.

#include <algorithm>
#include <memory>

#include "core/error.h"
#include "fuzz.h"
#include "wire/aws/json_service.h"

namespace {

using namespace eunomia;

class nobody final : public wire::http::authenticator {
 public:
  outcome authenticate(const wire::http::request&) const override { return {}; }
  std::string challenge() const override { return {}; }
};

// Answers every operation of a service with what its output's shape has of the input.
std::unique_ptr<const wire::aws::json_service> echoing(const wire::aws::service_model& model) {
  static const nobody strangers;
  auto service = std::make_unique<wire::aws::json_service>(model, strangers);
  for (const wire::aws::operation& one : model.operations) {
    service->add<core::json_value, core::json_value>(
        one.name, wire::http::access::open(), [&](const core::json_value& input, const wire::http::request&) {
          fuzz::require(!check_input(model, one, input), "a handler sees what the service model has nothing against");
          return one.output == wire::aws::no_shape ? core::json_value::of_object() : shown_as(model, one.output, input);
        });
  }
  return service;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::unique_ptr<const wire::aws::json_service> services[] = {echoing(wire::aws::personalize()),
                                                                            echoing(wire::aws::personalize_runtime()),
                                                                            echoing(wire::aws::personalize_events())};
  const std::string_view text = fuzz::text_of(data, size);
  const std::size_t end = std::min(text.find('\n'), text.size());
  for (const auto& one : services) {
    const wire::aws::json_service& service = *one;
    const wire::aws::operation* const asked = service.model().find(text.substr(0, end));
    if (asked == nullptr) {
      continue;
    }
    wire::http::request head;
    head.verb = wire::http::method::post;
    head.path = asked->path;
    head.headers = {{"X-Amz-Target", std::string(service.model().target_prefix) + "." + std::string(asked->name)}};
    head.body = text.substr(std::min(end + 1, text.size()));
    fuzz::require(service.claims(head), "a service claims what it speaks");
    for (const wire::http::route& route : service.routes()) {
      if (route.path == head.path) {
        const wire::http::response answer = route.run(head);
        fuzz::require(answer.status < 500, "bad input is not our fault");
        core::parse_json(answer.body);
      }
    }
  }
  return 0;
}
