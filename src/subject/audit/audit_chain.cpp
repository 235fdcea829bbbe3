#include "subject/audit/audit_chain.h"

#include "core/hash.h"

namespace eunomia::subject::audit_chain {

namespace {

using namespace std::string_view_literals;

constexpr std::string_view empty_log_context = "eunomia audit log 1\0"sv;
constexpr std::string_view checkpoint_context = "eunomia audit checkpoint 1\0"sv;

void append_number(std::string& to, std::int64_t number) {
  auto bits = static_cast<std::uint64_t>(number);
  for (int i = 0; i < 8; ++i, bits >>= 8) {
    to += static_cast<char>(bits & 0xFF);
  }
}

void append_text(std::string& to, std::string_view text) {
  append_number(to, static_cast<std::int64_t>(text.size()));
  to += text;
}

template <std::size_t Size>
void append_digest(std::string& to, const core::digest<Size>& value) {
  to.append(reinterpret_cast<const char*>(value.bytes.data()), Size);
}

}  // namespace

core::digest256 hash_of_empty_log(const core::digest128& log_id) {
  std::string bytes(empty_log_context);
  append_digest(bytes, log_id);
  return core::blake2b(bytes);
}

core::digest256 hash_of(const core::digest256& previous, const link& entry) {
  constexpr std::size_t numbers = 6 * sizeof(std::int64_t);
  std::string bytes;
  bytes.reserve(sizeof previous + numbers + entry.actor.size() + entry.action.size() + entry.subject.size() +
                entry.details.size());
  append_digest(bytes, previous);
  append_number(bytes, entry.sequence);
  append_number(bytes, entry.at_ms);
  append_text(bytes, entry.actor);
  append_text(bytes, entry.action);
  append_text(bytes, entry.subject);
  append_text(bytes, entry.details);
  return core::blake2b(bytes);
}

std::string checkpoint_message(const core::digest128& log_id, std::int64_t sequence, const core::digest256& hash,
                               std::int64_t signed_at_ms) {
  std::string bytes(checkpoint_context);
  append_digest(bytes, log_id);
  append_number(bytes, sequence);
  append_digest(bytes, hash);
  append_number(bytes, signed_at_ms);
  return bytes;
}

}  // namespace eunomia::subject::audit_chain
