#include "subject/audit/certificate.h"

#include <gtest/gtest.h>

#include <cctype>
#include <iterator>
#include <map>
#include <random>
#include <string>
#include <utility>

#include "core/error.h"
#include "core/hash.h"
#include "core/seal.h"
#include "store/sql/test_database.h"
#include "subject/audit/testing.h"

namespace eunomia::subject {
namespace {

using core::errc;
using store::sql::code_thrown_by;
using store::sql::message_thrown_by;
namespace sql = store::sql;

class certificates : public testing::Test {
 protected:
  verified_certificate verify(std::string_view bytes) const {
    return verify_certificate(bytes, std::span(&key.public_half(), 1));
  }

  // The message of the refusal; empty when the bytes were accepted.
  std::string refusal(std::string_view bytes) const {
    try {
      verify(bytes);
    } catch (const core::error& problem) {
      EXPECT_EQ(problem.code(), errc::corrupt) << problem.what();
      return problem.what();
    }
    return {};
  }

  std::string altered(std::string_view from, std::string_view to) const {
    std::string text = genuine;
    const std::size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return text.replace(at, from.size(), to);
  }

  const core::signing_key key = certificate_testing::fixed_key();
  const std::string genuine = write_certificate(certificate_testing::erasure_of_one(), key);
};

// The section that a byte of a genuine certificate lies in: "steps[1]", "request", "digests", "signature", or "".
std::map<std::size_t, std::string> sections_by_offset(const std::string& text) {
  std::map<std::size_t, std::string> begins = {{0, ""}};
  for (const char* name : {"request", "steps", "verification", "audit", "remarks", "digests", "signature"}) {
    begins[text.find("\n  \"" + std::string(name) + "\": ")] = name;
  }
  std::size_t step = 0;
  const std::size_t end = text.find("\n  \"verification\": ");
  for (std::size_t at = text.find("\n    {"); at < end; at = text.find("\n    {", at + 1)) {
    begins[at] = "steps[" + std::to_string(step++) + "]";
  }
  return begins;
}

TEST_F(certificates, a_genuine_one_says_what_was_written) {
  const verified_certificate read = verify(genuine);
  EXPECT_EQ(read.signed_by, key.public_half());
  EXPECT_EQ(write_certificate(read.content, key), genuine);
  EXPECT_EQ(read.content.steps.size(), 3U);
  EXPECT_EQ(read.content.request.right, certified_right::erasure);
  EXPECT_EQ(read.content.steps[1].distance_parts_per_billion, 31U);
  EXPECT_EQ(read.content.steps[0].until, std::nullopt);
}

// A file that was written once must verify for as long as somebody keeps it.
TEST_F(certificates, the_file_is_written_as_it_always_was) {
  EXPECT_EQ(core::to_hex(core::blake2b(genuine)), "b830bf53e21a86ad8fb9f9e38d40f20a16352eed1f1d65092ba4eb93be58673d")
      << genuine;
}

TEST_F(certificates, the_key_is_found_among_others) {
  const core::public_key keys[] = {core::signing_key(core::secret_key::random()).public_half(), key.public_half()};
  EXPECT_EQ(verify_certificate(genuine, keys).signed_by, key.public_half());
}

TEST_F(certificates, another_key_is_refused) {
  const core::signing_key other(core::secret_key::random());
  const auto attempt = [&](std::string_view bytes) { verify_certificate(bytes, std::span(&other.public_half(), 1)); };
  EXPECT_EQ(code_thrown_by([&] { attempt(genuine); }), errc::corrupt);
  EXPECT_NE(message_thrown_by([&] { attempt(genuine); }).find("the signature names a key that was not given"),
            std::string::npos);
  // Also when the file claims to be of that key.
  const std::string claimed = altered(key.public_half().id(), other.public_half().id());
  EXPECT_NE(message_thrown_by([&] { attempt(claimed); }).find("the signature is not that of the key"),
            std::string::npos);
}

TEST_F(certificates, without_a_key_nothing_is_valid) {
  EXPECT_EQ(code_thrown_by([&] { verify_certificate(genuine, {}); }), errc::corrupt);
}

TEST_F(certificates, any_flipped_bit_is_refused) {
  for (std::size_t at = 0; at < genuine.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string text = genuine;
      text[at] = static_cast<char>(text[at] ^ (1 << bit));
      ASSERT_NE(refusal(text), "") << "byte " << at << ", bit " << bit;
    }
  }
}

TEST_F(certificates, any_removed_byte_is_refused) {
  for (std::size_t at = 0; at < genuine.size(); ++at) {
    ASSERT_NE(refusal(std::string(genuine).erase(at, 1)), "") << "byte " << at;
  }
}

TEST_F(certificates, any_inserted_byte_is_refused) {
  for (std::size_t at = 0; at <= genuine.size(); ++at) {
    for (const char c : {' ', '\n', '0', '=', 'a'}) {
      ASSERT_NE(refusal(std::string(genuine).insert(at, 1, c)), "") << "before byte " << at << ": " << int{c};
    }
  }
}

TEST_F(certificates, any_prefix_is_refused) {
  for (std::size_t size = 0; size < genuine.size(); ++size) {
    ASSERT_NE(refusal(std::string_view(genuine).substr(0, size)), "") << size << " bytes";
  }
}

// A letter or digit exchanged for another leaves JSON of the same shape: then the place is the section, by name, or
// where a name is altered, its path.
TEST_F(certificates, the_section_that_was_altered_is_named) {
  const auto begins = sections_by_offset(genuine);
  ASSERT_EQ(begins.size(), 11U);
  std::map<std::string, int> met;
  for (std::size_t at = 0; at < genuine.size(); ++at) {
    const char was = genuine[at];
    if (std::isalnum(static_cast<unsigned char>(was)) == 0) {
      continue;
    }
    std::string text = genuine;
    text[at] = was == '9' ? '8' : std::isdigit(static_cast<unsigned char>(was)) != 0 ? '9' : was == 'x' ? 'y' : 'x';
    const std::string message = refusal(text);
    const std::string& section = std::prev(begins.upper_bound(at))->second;
    if (message.find("JSON, line") != std::string::npos) {
      continue;  // a number that begins with 0, or no value at all
    }
    ASSERT_NE(message.find(section), std::string::npos) << "byte " << at << " in " << section << ": " << message;
    ++met[section];
  }
  for (const auto& [at, section] : begins) {
    EXPECT_GT(met[section], 0) << section;
  }
}

TEST_F(certificates, a_changed_value_names_its_section) {
  const std::string prefix = "the certificate is not valid: ";
  EXPECT_EQ(refusal(altered("\"people\": 1", "\"people\": 2")), prefix + "request is not what was signed");
  EXPECT_EQ(refusal(altered("\"count\": 118", "\"count\": 119")),
            prefix + "steps[0] (custodian \"recommend\") is not what was signed");
  EXPECT_EQ(refusal(altered("\"model_converged\"", "\"model_retrained\"")),
            prefix + "steps[1] (custodian \"recommend\") is not what was signed");
  EXPECT_EQ(refusal(altered("\"custodian\": \"subject\"", "\"custodian\": \"object\"")),
            prefix + "steps[2] (custodian \"object\") is not what was signed");
  EXPECT_EQ(refusal(altered("\"found\": 0", "\"found\": 1")), prefix + "verification is not what was signed");
  EXPECT_EQ(refusal(altered("\"sequence\": 4711", "\"sequence\": 4712")), prefix + "audit is not what was signed");
  EXPECT_EQ(refusal(altered("unreadable", "readable")), prefix + "remarks is not what was signed");
}

TEST_F(certificates, a_changed_digest_names_the_list) {
  const std::string section = "\"section\": \"audit\",\n      \"blake2b\": \"";
  const std::size_t at = genuine.find(section) + section.size();
  std::string text = genuine;
  text[at] = text[at] == '0' ? '1' : '0';
  EXPECT_EQ(refusal(text), "the certificate is not valid: the list of digests is not what was signed");
}

TEST_F(certificates, a_changed_signature_is_named) {
  const std::string value = "\"value\": \"";
  const std::size_t at = genuine.find(value) + value.size();
  std::string text = genuine;
  text[at] = text[at] == 'A' ? 'B' : 'A';
  EXPECT_EQ(refusal(text).find("the certificate is not valid: the signature is not that of the key that it names"), 0U);
}

// 64 bytes leave four bits of the last base64 digit unused: a lenient reader takes 16 texts for the same signature.
TEST_F(certificates, the_slack_bits_of_the_signature_are_refused) {
  const std::size_t last = genuine.find("==\"") - 1;
  for (int slack = 1; slack < 16; ++slack) {
    constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string text = genuine;
    text[last] = digits[digits.find(text[last]) + static_cast<std::size_t>(slack)];
    EXPECT_NE(refusal(text).find("the signature is"), std::string::npos);
  }
}

TEST_F(certificates, a_removed_step_is_named) {
  const std::size_t from = genuine.find("\n    {");
  const std::size_t to = genuine.find("\n    {", from + 1);
  EXPECT_EQ(refusal(std::string(genuine).erase(from, to - from)),
            "the certificate is not valid: steps[0] (custodian \"recommend\") is not what was signed");
}

TEST_F(certificates, a_removed_last_step_is_named) {
  const std::size_t to = genuine.find("\n  ],\n  \"verification\"");
  const std::size_t from = genuine.rfind(",\n    {", to);
  EXPECT_EQ(refusal(std::string(genuine).erase(from, to - from)),
            "the certificate is not valid: steps: steps[2] was signed in the place of verification");
}

TEST_F(certificates, two_exchanged_steps_are_named) {
  const std::size_t first = genuine.find("\n    {");
  const std::size_t second = genuine.find(",\n    {", first + 1);
  const std::size_t third = genuine.find(",\n    {", second + 1);
  const std::string exchanged = genuine.substr(0, first) + genuine.substr(second + 1, third - second - 1) + "," +
                                genuine.substr(first, second - first) + genuine.substr(third);
  ASSERT_EQ(exchanged.size(), genuine.size());
  EXPECT_NE(refusal(exchanged).find("steps[0]"), std::string::npos);
}

TEST_F(certificates, another_form_of_the_same_content_is_refused_at_its_byte) {
  const std::string prefix = "the certificate is not valid: byte ";
  const auto offset = [&](std::string_view of) { return std::to_string(genuine.find(of)); };
  const std::string suffix = " is not what Eunomia writes";
  EXPECT_EQ(refusal(altered("\"people\": 1", "\"people\":  1")),
            prefix + std::to_string(genuine.find("\"people\": 1") + 10) + suffix);
  EXPECT_EQ(refusal(altered("118", "118.0")), prefix + std::to_string(genuine.find("118") + 3) + suffix);
  EXPECT_EQ(refusal(altered("recommend", "\\u0072ecommend")), prefix + offset("recommend") + suffix);
  EXPECT_EQ(refusal(altered("\"count\": 118", "\"until\": null, \"count\": 118")),
            prefix + std::to_string(genuine.find("\"count\": 118") + 1) + suffix);
  EXPECT_EQ(refusal(genuine + "\n"), prefix + std::to_string(genuine.size()) + suffix);
  EXPECT_EQ(refusal(genuine.substr(0, genuine.size() - 1)), prefix + std::to_string(genuine.size() - 1) + suffix);
}

TEST_F(certificates, an_added_member_is_refused_by_its_path) {
  EXPECT_NE(refusal(altered("\"people\": 1", "\"people\": 1, \"person\": \"ann\"")).find("$.request.person"),
            std::string::npos);
}

TEST_F(certificates, parts_of_two_certificates_make_none) {
  certificate other = certificate_testing::erasure_of_one();
  other.request.request = "erasure-43";
  const std::string second = write_certificate(other, key);
  const std::size_t here = genuine.find("\n  \"digests\"");
  const std::size_t there = second.find("\n  \"digests\"");
  EXPECT_EQ(refusal(genuine.substr(0, here) + second.substr(there)),
            "the certificate is not valid: request is not what was signed");
}

TEST_F(certificates, bytes_at_random_are_refused) {
  const auto seed = std::random_device{}();
  RecordProperty("seed", std::to_string(seed));
  std::mt19937 random(seed);
  for (int i = 0; i < 2000; ++i) {
    std::string text = genuine;
    for (auto changes = 1 + random() % 4; changes > 0; --changes) {
      const std::size_t at = random() % text.size();
      const std::size_t from = random() % text.size();
      text.replace(at, random() % 30, text, from, random() % 30);
    }
    if (text != genuine) {
      ASSERT_NE(refusal(text), "") << "seed " << seed << "\n" << text;
    }
  }
}

TEST_F(certificates, one_that_is_too_long_is_refused) {
  EXPECT_NE(refusal(std::string(max_certificate_bytes + 1, ' ')).find("max_certificate_bytes"), std::string::npos);
}

TEST_F(certificates, the_longest_that_can_be_written_verifies) {
  certificate content = certificate_testing::erasure_of_one();
  certificate_step step = content.steps[0];
  step.details = std::string(max_certificate_text_bytes, 'd');
  step.what = "\u00dc" + std::string(max_certificate_text_bytes - 2, '"');
  content.steps.assign(max_certificate_steps, step);
  content.remarks.assign(max_certificate_remarks, std::string(max_certificate_text_bytes, 'r'));
  EXPECT_EQ(verify(write_certificate(content, key)).content.steps.size(), max_certificate_steps);
}

TEST_F(certificates, one_without_steps_or_remarks_verifies) {
  certificate content = certificate_testing::erasure_of_one();
  content.steps.clear();
  content.remarks.clear();
  EXPECT_TRUE(verify(write_certificate(content, key)).content.steps.empty());
}

TEST_F(certificates, another_right_has_steps_without_a_level) {
  certificate content = certificate_testing::erasure_of_one();
  content.request.right = certified_right::access;
  content.steps.resize(1);
  content.steps[0].level.reset();
  EXPECT_EQ(verify(write_certificate(content, key)).content.steps[0].level, std::nullopt);
}

TEST_F(certificates, what_contradicts_itself_or_a_limit_is_not_signed) {
  using change = void (*)(certificate&);
  const std::pair<const char*, change> wrong[] = {
      {"format", [](certificate& c) { c.format = 2; }},
      {"request.installation", [](certificate& c) { c.request.installation = ""; }},
      {"request.request", [](certificate& c) { c.request.request = "a\nb"; }},
      {"request.requested_at", [](certificate& c) { c.request.requested_at = "yesterday"; }},
      {"request.completed_at", [](certificate& c) { c.request.completed_at = "2026-01-01T00:00:00.000Z"; }},
      {"request.deadline", [](certificate& c) { c.request.deadline = "2026-06-01"; }},
      {"steps", [](certificate& c) { c.steps.resize(max_certificate_steps + 1, c.steps[0]); }},
      {"steps[0].level", [](certificate& c) { c.steps[0].level.reset(); }},
      {"steps[0].level", [](certificate& c) { c.request.right = certified_right::access; }},
      {"steps[0].distance_parts_per_billion", [](certificate& c) { c.steps[0].distance_parts_per_billion = 1; }},
      {"steps[1].distance_parts_per_billion", [](certificate& c) { c.steps[1].distance_parts_per_billion.reset(); }},
      {"steps[0].until", [](certificate& c) { c.steps[0].level = erasure_level::retrain_pending; }},
      {"steps[0].until", [](certificate& c) { c.steps[0].until = "2026-06-01T00:00:00.000Z"; }},
      {"steps[2].what", [](certificate& c) { c.steps[2].what = std::string(max_certificate_text_bytes + 1, 'w'); }},
      {"steps[2].details", [](certificate& c) { c.steps[2].details = "\x1b[2J"; }},
      {"verification.method", [](certificate& c) { c.verification.method = "\xFF"; }},
      {"audit.log", [](certificate& c) { c.audit.log = "42"; }},
      {"audit.sequence", [](certificate& c) { c.audit.sequence = 0; }},
      {"audit.hash", [](certificate& c) { c.audit.hash[0] = 'G'; }},
      {"remarks", [](certificate& c) { c.remarks.resize(max_certificate_remarks + 1, "r"); }},
      {"remarks[0]", [](certificate& c) { c.remarks[0] = "\u0085"; }}};
  for (const auto& [member, apply] : wrong) {
    certificate content = certificate_testing::erasure_of_one();
    apply(content);
    const auto attempt = [&] { write_certificate(content, key); };
    EXPECT_EQ(code_thrown_by(attempt), errc::invalid_argument) << member;
    EXPECT_EQ(message_thrown_by(attempt).find("certificate: " + std::string(member) + " "), 0U)
        << message_thrown_by(attempt);
  }
}

TEST_F(certificates, the_audit_log_is_held_against_a_certificate) {
  const sql::test_database db(sql::engine::sqlite);
  audit_log log(*db);
  const audit_position at =
      db->write([&](sql::transaction& in) { return log.append(in, {.action = "erasure.completed"}); });
  certificate content = certificate_testing::erasure_of_one();
  content.audit = {log.id(), at.sequence, core::to_hex(at.hash)};
  const audit_anchor anchor = anchor_of(verify(write_certificate(content, key)).content, log);
  EXPECT_EQ(anchor.at, at);
  core::job job;
  EXPECT_EQ(log.verify({}, job, std::span(&anchor, 1)).entries, 1);
  content.audit.log[0] = content.audit.log[0] == '0' ? '1' : '0';
  EXPECT_EQ(code_thrown_by([&] { anchor_of(content, log); }), errc::corrupt);
}

}  // namespace
}  // namespace eunomia::subject
