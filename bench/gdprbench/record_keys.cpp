#include "bench/gdprbench/record_keys.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <utility>

#include "core/error.h"
#include "core/hash.h"

namespace eunomia::gdprbench {

namespace {

constexpr std::string_view key_context = "eunomia gdprbench record key";

std::string place_of(const record_lookup& lookup) {
  return fmt::format("personal_record.sealed {}", text_of(lookup));
}

// A grant opens for the person and the rows that it was made for.
std::string place_of(const key_grant& grant) {
  std::string place = fmt::format("personal_record.keys {} ", grant.to.value());
  const std::size_t head = place.size();
  place.resize(head + grant.records.size() * sizeof(std::int64_t));
  std::memcpy(place.data() + head, grant.records.data(), place.size() - head);
  return place;
}

[[noreturn]] void refuse(const std::string& what) {
  throw core::error(core::errc::corrupt, what + "; restore the database and its journal from a backup");
}

}  // namespace

// BLAKE2b needs no HMAC: the key may stand before what it authenticates, both of one length always.
core::secret_key key_of_record(const core::secret_key& person, const record_lookup& lookup) {
  std::array<std::byte, key_context.size() + core::secret_key::size + sizeof(record_lookup)> bytes;
  const core::bytes_view context = core::as_bytes(key_context);
  auto end = std::ranges::copy(context, bytes.begin()).out;
  end = std::ranges::copy(person.reveal(), end).out;
  std::ranges::copy(core::as_bytes(text_of(lookup)), end);
  core::digest256 made = core::blake2b(bytes);
  core::secret_key key = core::secret_key::from_bytes(made.bytes);
  core::wipe(bytes);
  core::wipe(made.bytes);
  return key;
}

// One text: the key's length in decimal, ':', the key, the data.
std::string seal_record(const core::secret_key& of_record, std::string_view key, std::string_view data,
                        const record_lookup& lookup) {
  return subject::seal_text(of_record, fmt::format("{}:{}{}", key.size(), key, data), place_of(lookup));
}

record_content unseal_record(const core::secret_key& of_record, std::string_view sealed, const record_lookup& lookup) {
  const std::string text = subject::unseal_text(of_record, sealed, place_of(lookup));
  std::size_t length = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), length);
  const std::size_t begin = static_cast<std::size_t>(end - text.data()) + 1;
  if (problem != std::errc() || begin + length > text.size()) {
    refuse("a record does not hold its key");
  }
  return {text.substr(begin, length), text.substr(begin + length)};
}

std::shared_ptr<const key_grant> grant_keys(const core::secret_key& person, core::subject_handle to,
                                            std::vector<std::int64_t> records, std::span<const core::secret_key> keys) {
  key_grant made{to, std::move(records), {}};
  std::vector<std::byte> plain;
  plain.reserve(keys.size() * core::secret_key::size);
  for (const core::secret_key& one : keys) {
    plain.insert(plain.end(), one.reveal().begin(), one.reveal().end());
  }
  const std::vector<std::byte> sealed = core::seal(person, plain, core::as_bytes(place_of(made)));
  core::wipe(plain);
  made.sealed_keys.assign(reinterpret_cast<const char*>(sealed.data()), sealed.size());
  return std::make_shared<const key_grant>(std::move(made));
}

opened_grant::opened_grant(const core::secret_key& person, const key_grant& grant)
    : keys_(core::unseal(person, core::as_bytes(grant.sealed_keys), core::as_bytes(place_of(grant)))) {
  if (keys_.size() != grant.records.size() * core::secret_key::size) {
    refuse("a grant does not hold the keys of its records");
  }
}

opened_grant::~opened_grant() {
  core::wipe(keys_);
}

core::secret_key opened_grant::key_at(std::size_t position) const {
  return core::secret_key::from_bytes(
      core::bytes_view(keys_).subspan(position * core::secret_key::size).first<core::secret_key::size>());
}

const core::secret_key& key_in(const subject::data_keys& keys, core::subject_handle who) {
  const auto known = keys.find(who);
  if (known == keys.end()) {
    throw core::error(core::errc::corrupt,
                      "the key of a person of whom there are records is missing; erase somebody's "
                      "records before their key");
  }
  return known->second;
}

core::secret_key record_key_ring::key_of(core::subject_handle about, const record_lookup& lookup,
                                         const std::optional<granted_key>& granted) {
  const core::secret_key& person = key_in(people_, about);
  if (!granted) {
    return key_of_record(person, lookup);
  }
  return opened_.try_emplace(granted->in.get(), person, *granted->in).first->second.key_at(granted->position);
}

}  // namespace eunomia::gdprbench
