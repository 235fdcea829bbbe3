// A signed request: who signed it is read from its head, and a body in chunks is decoded, the same however its bytes
// are cut into pieces. The input is a head and a body, in which KEY, DATE and SCOPE stand for those of the one key;
// SIGN is replaced by the right signature, so that what lies behind it is reached.

#include <string>

#include "core/hash.h"
#include "fuzz.h"
#include "wire/aws/aws_chunked.h"
#include "wire/aws/canonical_request.h"
#include "wire/aws/names.h"
#include "wire/aws/signer.h"
#include "wire/aws/sigv4.h"
#include "wire/http/request_parser.h"
#include "wire/http/target.h"

namespace {

using namespace eunomia;
using namespace eunomia::wire;

const std::int64_t now = *aws::parse_date("20261122T041000Z");
constexpr std::string_view date = "20261122T041000Z";
constexpr std::string_view scope = "20261122/eu-central-1/s3/aws4_request";
constexpr std::string_view wrong_signature = "0000000000000000000000000000000000000000000000000000000000000000";

std::shared_ptr<const access::access_key> the_key() {
  auto key = std::make_shared<access::access_key>();
  key->who = {"EUNAAAAAAAAAAAAAAAAA", http::role::engineer};
  key->secret = "a secret";
  return key;
}

void replace_all(std::string& in, std::string_view what, std::string_view with) {
  for (std::size_t at = in.find(what); at != std::string::npos; at = in.find(what, at + with.size())) {
    in.replace(at, what.size(), with);
  }
}

// Nothing when it is no request that reaches an authenticator.
std::optional<http::request> read(std::string text) {
  const std::size_t end = text.find("\r\n\r\n");
  if (end == std::string::npos) {
    return std::nullopt;
  }
  http::request head;
  http::request_parser parser;
  if (parser.read_head(std::string_view(text).substr(0, end + 4), head) || http::read_target(head.target, head)) {
    return std::nullopt;
  }
  head.body = text.substr(end + 4);
  return head;
}

// What the one key signs of it, where it can be signed.
std::string right_signature(const http::request& in) {
  const auto says = aws::read_claim(in);
  const auto* const found = std::get_if<aws::claim>(&says);
  if (found == nullptr) {
    return std::string(wrong_signature);
  }
  const aws::signing_context context{aws::derived_key("a secret", found->scope), found->date, found->scope.text()};
  const std::string digest =
      found->signs == aws::payload::body ? core::to_hex(core::sha256(in.body)) : found->payload_hash;
  return context.sign_request(aws::canonical_head(in, found->signed_headers, aws::path_rules_of(found->scope.service)),
                              digest);
}

struct decoded {
  bool whole = false;
  std::string data;
  std::size_t trailers = 0;
};

decoded decode(const http::request& in, const aws::admitted& request, std::size_t piece) {
  decoded got;
  auto made = aws::aws_chunked_decoder::of(in, request);
  auto* const with = std::get_if<aws::aws_chunked_decoder>(&made);
  if (with == nullptr) {
    return got;
  }
  const std::string_view body = in.body;
  for (std::size_t at = 0; at < body.size(); at += std::min(piece, body.size() - at)) {
    if (with->take(body.substr(at, piece), got.data)) {
      return got;
    }
  }
  fuzz::require(got.data.size() <= body.size(), "decoding adds nothing");
  got.whole = !with->finish();
  got.trailers = with->trailers().size();
  return got;
}

void check_chunks(const http::request& in, const aws::admitted& request) {
  const decoded at_once = decode(in, request, in.body.size() + 1);
  if (at_once.whole) {
    const auto length = in.header_named(aws::header_name::decoded_content_length);
    fuzz::require(std::stoull(std::string(*length)) == at_once.data.size(), "a whole body has the length it names");
  }
  for (const std::size_t piece : {1, 7}) {
    const decoded cut = decode(in, request, piece);
    fuzz::require(cut.whole == at_once.whole && (!cut.whole || cut.data == at_once.data) &&
                      (!cut.whole || cut.trailers == at_once.trailers),
                  "a body is the same however its bytes arrive");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view given = fuzz::text_of(data, size);
  std::string text(given);
  replace_all(text, "KEY", "EUNAAAAAAAAAAAAAAAAA");
  replace_all(text, "DATE", date);
  replace_all(text, "SCOPE", scope);
  std::string unsigned_text = text;
  replace_all(unsigned_text, "SIGN", wrong_signature);
  const auto plain = read(unsigned_text);
  if (!plain) {
    return 0;
  }
  replace_all(text, "SIGN", right_signature(*plain));
  const auto in = read(text);
  if (!in) {
    return 0;
  }
  const auto key = the_key();
  const aws::key_lookup keys = [&](std::string_view id) { return id == key->who.id ? key : nullptr; };
  const auto outcome = aws::admit(*in, keys, now);
  if (const auto* why = std::get_if<aws::refusal>(&outcome)) {
    fuzz::require(!why->message.empty() && why->message.find(key->secret) == std::string::npos,
                  "a refusal says why, and no secret");
    return 0;
  }
  const auto& request = std::get<aws::admitted>(outcome);
  fuzz::require(request.who.id == key->who.id, "only the key that signed is let in");
  if (request.remains == aws::admitted::still_to_check::chunks) {
    check_chunks(*in, request);
  } else {
    aws::check_body(request, core::sha256(in->body));
  }
  http::request altered = *in;
  altered.headers.push_back({"Host", "elsewhere"});
  const auto refused = aws::admit(altered, keys, now);
  if (const auto* let_in = std::get_if<aws::admitted>(&refused)) {
    fuzz::require(let_in->remains == aws::admitted::still_to_check::body_signature &&
                      aws::check_body(*let_in, core::sha256(in->body)).has_value(),
                  "another host is not let in");
  }
  return 0;
}
