#include "subject/audit/certificate.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/error.h"
#include "core/hash.h"
#include "core/json.h"
#include "subject/audit/certificate_checks.h"

// Verifying. Three things must hold, and which of them fails says where the file was altered:
//
//   the digests of the sections, computed anew, are those of the list          else a section was altered, or the list
//   the signature is of the list                                               else the list was altered, or it was
//   the file, written anew from what was read, has the same bytes              else its form was altered
//
// When list and sections disagree, the signature decides: it fits the list as it stands (a section was altered), or the
// list computed anew (the list was).
namespace eunomia::subject {

struct section_digest {
  std::string section;
  std::string blake2b;
  friend bool operator==(const section_digest&, const section_digest&) = default;
};
BOOST_DESCRIBE_STRUCT(section_digest, (), (section, blake2b))

struct certificate_signature {
  std::string algorithm;
  std::string key_id;
  std::string value;
};
BOOST_DESCRIBE_STRUCT(certificate_signature, (), (algorithm, key_id, value))

struct certificate_file : certificate {
  std::vector<section_digest> digests;
  certificate_signature signature;
};
BOOST_DESCRIBE_STRUCT(certificate_file, (certificate), (digests, signature))

namespace {

constexpr std::string_view algorithm = "Ed25519";
constexpr std::size_t indentation = 2;
constexpr core::json_limits limits = {
    .max_bytes = max_certificate_bytes, .max_depth = 4, .max_values = 20 * max_certificate_steps};

[[noreturn]] void refuse(const std::string& what) {
  throw core::error(core::errc::corrupt, "the certificate is not valid: " + what);
}

std::string step_name(std::size_t i) {
  return fmt::format("steps[{}]", i);
}

template <class Section>
section_digest digest_of(std::string name, const Section& section) {
  return {std::move(name), core::to_hex(core::blake2b(core::write_json(section)))};
}

std::vector<section_digest> digests_of(const certificate& content) {
  std::vector<section_digest> digests;
  digests.push_back(digest_of("request", content.request));
  for (std::size_t i = 0; i < content.steps.size(); ++i) {
    digests.push_back(digest_of(step_name(i), content.steps[i]));
  }
  digests.push_back(digest_of("verification", content.verification));
  digests.push_back(digest_of("audit", content.audit));
  digests.push_back(digest_of("remarks", content.remarks));
  return digests;
}

std::string signed_text(const std::vector<section_digest>& digests) {
  std::string text = fmt::format("eunomia certificate {}\n", certificate_format);
  for (const section_digest& each : digests) {
    text += fmt::format("{} {}\n", each.section, each.blake2b);
  }
  return text;
}

std::string text_of(const certificate_file& file) {
  return core::write_json(file, indentation) + "\n";
}

certificate_file parse(std::string_view bytes) {
  if (bytes.size() > max_certificate_bytes) {
    refuse(fmt::format("it has {} bytes, more than max_certificate_bytes = {}", bytes.size(), max_certificate_bytes));
  }
  try {
    return core::read_json<certificate_file>(bytes, {.unknown = core::json_unknown::refuse, .limits = limits});
  } catch (const core::error& problem) {
    if (problem.code() != core::errc::invalid_argument) {
      throw;
    }
    refuse(fmt::format("it is not what Eunomia writes: {}", problem.what()));
  }
}

// "steps[3] (custodian "recommend")".
std::string shown(const std::string& section, const certificate& content) {
  for (std::size_t i = 0; i < content.steps.size(); ++i) {
    if (section == step_name(i)) {
      // As JSON, so that nothing in an altered file commands a terminal.
      return fmt::format("{} (custodian {})", section, core::write_json(content.steps[i].custodian.substr(0, 64)));
    }
  }
  return section;
}

// Where the sections are not those of an authentic list.
[[noreturn]] void refuse_section(const certificate_file& file, const std::vector<section_digest>& computed) {
  for (std::size_t i = 0; i < std::min(computed.size(), file.digests.size()); ++i) {
    if (computed[i] != file.digests[i]) {
      if (computed[i].section != file.digests[i].section) {
        refuse(fmt::format("steps: {} was signed in the place of {}", file.digests[i].section, computed[i].section));
      }
      refuse(fmt::format("{} is not what was signed", shown(computed[i].section, file)));
    }
  }
  refuse(fmt::format("steps: {} sections were signed, found {}", file.digests.size(), computed.size()));
}

core::signature signature_of(const certificate_file& file) {
  core::signature claimed;
  std::vector<std::byte> bytes;
  try {
    bytes = core::from_base64(file.signature.value);
  } catch (const core::error& problem) {
    refuse(fmt::format("the signature is {}", problem.what()));
  }
  if (bytes.size() != claimed.bytes.size()) {
    refuse(fmt::format("the signature has {} bytes instead of {}", bytes.size(), claimed.bytes.size()));
  }
  std::copy(bytes.begin(), bytes.end(), claimed.bytes.begin());
  return claimed;
}

const core::public_key& key_of(const certificate_file& file, std::span<const core::public_key> keys) {
  if (file.signature.algorithm != algorithm) {
    refuse(fmt::format("the signature is of another algorithm than {}", algorithm));
  }
  std::vector<std::string> ids;
  for (const core::public_key& key : keys) {
    ids.push_back(key.id());
    if (ids.back() == file.signature.key_id) {
      return key;
    }
  }
  refuse(
      fmt::format("the signature names a key that was not given: the ids of those given are {}; give the public key "
                  "of the server that signed it",
                  fmt::join(ids, ", ")));
}

void check_form(std::string_view bytes, const certificate_file& file) {
  const std::string canonical = text_of(file);
  if (bytes != canonical) {
    const auto at = std::mismatch(bytes.begin(), bytes.end(), canonical.begin(), canonical.end()).first - bytes.begin();
    refuse(fmt::format("byte {} is not what Eunomia writes", at));
  }
}

}  // namespace

std::string write_certificate(const certificate& content, const core::signing_key& key) {
  certificate_checks::check(content);
  certificate_file file;
  static_cast<certificate&>(file) = content;
  file.digests = digests_of(content);
  file.signature = {std::string(algorithm), key.public_half().id(),
                    core::to_base64(core::sign(key, signed_text(file.digests)).bytes)};
  std::string text = text_of(file);
  if (text.size() > max_certificate_bytes) {
    throw core::error(
        core::errc::invalid_argument,
        fmt::format("a certificate of {} bytes is more than max_certificate_bytes = {}; shorten its texts", text.size(),
                    max_certificate_bytes));
  }
  return text;
}

verified_certificate verify_certificate(std::string_view bytes, std::span<const core::public_key> keys) {
  certificate_file file = parse(bytes);
  if (file.format != certificate_format) {
    refuse(fmt::format("its format is {}, and this program knows {}", file.format, certificate_format));
  }
  const core::public_key& key = key_of(file, keys);
  const core::signature claimed = signature_of(file);
  const std::vector<section_digest> computed = digests_of(file);
  const bool list_fits = computed == file.digests;
  if (!core::verify(key, signed_text(file.digests), claimed)) {
    if (list_fits) {
      refuse("the signature is not that of the key that it names: it was altered, or all that it signs was");
    }
    if (core::verify(key, signed_text(computed), claimed)) {
      refuse("the list of digests is not what was signed");
    }
    refuse("neither the sections nor the list of digests are what was signed");
  }
  if (!list_fits) {
    refuse_section(file, computed);
  }
  check_form(bytes, file);
  return {std::move(static_cast<certificate&>(file)), key};
}

audit_anchor anchor_of(const certificate& content, const audit_log& log) {
  const std::string name = fmt::format("the certificate of request {}", content.request.request);
  if (content.audit.log != log.id()) {
    throw core::error(core::errc::corrupt,
                      fmt::format("{} names an entry of the audit log {}, and this is {}: the log was replaced, or the "
                                  "certificate is of another server",
                                  name, content.audit.log, log.id()));
  }
  return {{content.audit.sequence, core::digest256_from_hex(content.audit.hash)}, name};
}

}  // namespace eunomia::subject
