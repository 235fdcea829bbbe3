#include "wire/aws/sigv4_authenticator.h"

#include <fmt/format.h>

#include <optional>
#include <utility>
#include <vector>

#include "core/hash.h"
#include "wire/aws/aws_chunked.h"

namespace eunomia::wire::aws {

namespace {

// A client that leaves its credential out, or breaks off, did not try to guess one.
bool is_wrong_credential(refusal_kind why) {
  switch (why) {
    case refusal_kind::unknown_access_key:
    case refusal_kind::signature_does_not_match:
    case refusal_kind::digest_does_not_match: return true;
    default: return false;
  }
}

http::failure failure_of(const refusal& why, sigv4_authenticator::error_names names) {
  const error_name name = names(why.kind);
  return {name.status, std::string(name.code), why.message};
}

http::authenticator::outcome refused(const refusal& why, sigv4_authenticator::error_names names) {
  http::failure as = failure_of(why, names);
  http::authenticator::outcome said;
  said.reason = std::move(as.message);
  said.was_tried = is_wrong_credential(why.kind);
  said.status = as.status;
  said.code = std::move(as.code);
  return said;
}

class guard_of_names : public http::body_guard {
 protected:
  explicit guard_of_names(sigv4_authenticator::error_names names) : names_(names) {}
  std::optional<refusal> told(const std::optional<aws::refusal>& why) const {
    return why ? std::optional(refusal{failure_of(*why, names_), is_wrong_credential(why->kind)}) : std::nullopt;
  }

 private:
  sigv4_authenticator::error_names names_;
};

// A body whose SHA-256 is signed.
class digest_guard final : public guard_of_names {
 public:
  digest_guard(admitted request, sigv4_authenticator::error_names names)
      : guard_of_names(names), request_(std::move(request)) {}

  std::optional<refusal> take(std::string_view bytes, std::string& body) override {
    digest_.update(core::as_bytes(bytes));
    body.append(bytes);
    return std::nullopt;
  }
  std::optional<refusal> finish() override { return told(check_body(request_, digest_.finish())); }

 private:
  admitted request_;
  core::sha256_hasher digest_;
};

// A body in signed chunks.
class chunks_guard final : public guard_of_names {
 public:
  chunks_guard(aws_chunked_decoder chunks, sigv4_authenticator::error_names names)
      : guard_of_names(names), chunks_(std::move(chunks)) {}

  std::optional<refusal> take(std::string_view bytes, std::string& body) override {
    return told(chunks_.take(bytes, body));
  }
  std::optional<refusal> finish() override { return told(chunks_.finish()); }
  std::vector<http::header> trailers() const override { return chunks_.trailers(); }

 private:
  aws_chunked_decoder chunks_;
};

}  // namespace

sigv4_authenticator::sigv4_authenticator(std::string service, key_lookup keys, error_names names, clock now)
    : service_(std::move(service)), keys_(std::move(keys)), names_(names), now_(std::move(now)) {}

http::authenticator::outcome sigv4_authenticator::authenticate(const http::request& head) const {
  or_refusal<admitted> read = admit(head, keys_, now_());
  if (const refusal* const why = std::get_if<refusal>(&read)) {
    return refused(*why, names_);
  }
  admitted& request = std::get<admitted>(read);
  if (request.says.scope.service != service_) {
    return refused({refusal_kind::signature_does_not_match,
                    fmt::format("Credential should be scoped to correct service: '{}'.", service_)},
                   names_);
  }
  outcome said;
  said.who = request.who;
  switch (request.remains) {
    case admitted::still_to_check::nothing: break;
    case admitted::still_to_check::body_digest:
    case admitted::still_to_check::body_signature:
      said.guard = std::make_unique<digest_guard>(std::move(request), names_);
      break;
    case admitted::still_to_check::chunks: {
      or_refusal<aws_chunked_decoder> decoder = aws_chunked_decoder::of(head, request);
      if (const refusal* const why = std::get_if<refusal>(&decoder)) {
        return refused(*why, names_);
      }
      said.guard = std::make_unique<chunks_guard>(std::get<aws_chunked_decoder>(std::move(decoder)), names_);
      break;
    }
  }
  return said;
}

}  // namespace eunomia::wire::aws
