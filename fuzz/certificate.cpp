// A certificate from a stranger: refused as corrupt, or one that our key signed, byte for byte. What is JSON enough to
// be a certificate's content, and within its limits, is also signed and must verify to the same content.

#include "subject/audit/certificate.h"

#include <optional>

#include "core/json.h"
#include "fuzz.h"
#include "subject/audit/testing.h"

namespace {

using namespace eunomia;

std::optional<subject::certificate> content_of(std::string_view text) {
  std::optional<subject::certificate> content;
  fuzz::accepted(core::errc::invalid_argument, [&] {
    content = core::read_json<subject::certificate>(text, {.missing = core::json_missing::keep_default});
  });
  return content;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const core::signing_key key = subject::certificate_testing::fixed_key();
  const auto keys = std::span(&key.public_half(), 1);
  const std::string_view text = fuzz::text_of(data, size);
  fuzz::accepted(core::errc::corrupt, [&] {
    const subject::verified_certificate verified = subject::verify_certificate(text, keys);
    fuzz::require(subject::write_certificate(verified.content, key) == text, "a genuine certificate has one form");
  });
  if (const auto content = content_of(text)) {
    std::string written;
    if (fuzz::accepted(core::errc::invalid_argument, [&] { written = subject::write_certificate(*content, key); })) {
      const subject::verified_certificate back = subject::verify_certificate(written, keys);
      fuzz::require(subject::write_certificate(back.content, key) == written, "what was signed verifies");
    }
  }
  return 0;
}
