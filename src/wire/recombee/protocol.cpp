#include "wire/recombee/protocol.h"

#include <fmt/format.h>

#include "core/error.h"
#include "core/json_writer.h"

namespace eunomia::wire::recombee {

namespace {

using core::json_value;
using http::body_policy;

constexpr std::string_view database_name = "databaseId";

http::response answer(const reply& with) {
  core::json_writer out;
  out.value(with.body);
  http::response made;
  made.status = with.status;
  made.body = std::move(out).text();
  return made;
}

json_value body_of(const http::request& request, const core::json_limits& limits) {
  return request.body.empty() ? json_value::of_object() : core::parse_json(request.body, limits);
}

}  // namespace

protocol::protocol(const house& in, const http::authenticator& who_calls) : in_(in), who_calls_(who_calls) {
  const std::string database = fmt::format("/{{{}}}", database_name);
  for (const operation& one : operations_.all()) {
    const bool reads = one.verb == http::method::get;
    routes_.push_back({.verb = one.verb,
                       .path = database + one.path,
                       .who = one.who,
                       .run = [this, &one](http::request& request) { return answered(one, request); },
                       .body = reads ? body_policy{} : body_policy{body_policy::kind::memory, max_body_bytes},
                       .where = http::execution::worker,
                       .open_sink = nullptr});
  }
  routes_.push_back({.verb = http::method::post,
                     .path = database + "/batch/",
                     .who = callers(),
                     .run = [this](http::request& request) { return batch(request); },
                     .body = {body_policy::kind::memory, max_batch_body_bytes},
                     .where = http::execution::worker,
                     .open_sink = nullptr});
}

bool protocol::claims(const http::request& head) const {
  return head.query_parameter("hmac_sign").has_value();
}

http::response protocol::answer_of(const http::request&, const http::failure& why) const {
  return answer(refusal(why.status, why.message));
}

http::response protocol::answered(const operation& what, const http::request& request) const {
  constexpr int max_attempts = 5;
  try {
    const parameters given =
        parameters_of(body_of(request, {.max_bytes = max_body_bytes, .max_values = max_json_values}), request.query);
    for (int attempt = 1; attempt <= max_attempts; ++attempt) {
      const auto database = in_.open.open(request.path_parameter(database_name), true);
      pending_writes writes(in_, *database);
      call of{in_, database, {}, given, *request.caller, writes, nullptr};
      for (const http::parameter& one : request.path_parameters) {
        of.path.emplace(one.name, one.value);
      }
      try {
        const reply with = what.run(of);
        if (with.status < 300) {
          writes.flush();
        }
        return answer(with);
      } catch (const database_was_changed&) {  // NOLINT(bugprone-empty-catch): it is run again
      }
    }
    return answer(refusal(503, "The database's properties are being changed; send the request again"));
  } catch (const std::exception& problem) {
    return answer(refusal_of(problem));
  }
}

http::response protocol::batch(const http::request& request) const {
  try {
    const parameters given = parameters_of(
        body_of(request, {.max_bytes = max_batch_body_bytes, .max_values = max_batch_json_values}), request.query);
    const json_value* const requests = given.find("requests");
    if (requests == nullptr || requests->type() != json_value::kind::array) {
      refuse_parameter("requests", "is a list of requests");
    }
    if (requests->elements().size() > max_batch_requests) {
      refuse_parameter("requests", fmt::format("has {}, more than max_batch_requests = {}", requests->elements().size(),
                                               max_batch_requests));
    }
    const bool distinct = given.flag("distinctRecomms").value_or(false);
    return answer({200, run_batch(in_, operations_, request.path_parameter(database_name), *requests, *request.caller,
                                  distinct)});
  } catch (const std::exception& problem) {
    return answer(refusal_of(problem));
  }
}

}  // namespace eunomia::wire::recombee
