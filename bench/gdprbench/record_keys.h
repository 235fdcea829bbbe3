#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "bench/gdprbench/record_index.h"
#include "core/seal.h"
#include "core/subject_handle.h"
#include "subject/vault/vault.h"

// What opens a record.
//
// A record is sealed with a key of its own, which the data key of its person makes from its lookup: nobody has the one
// without the other. Who comes to have another person's record gets that record's key, sealed with their own data key,
// and not one byte of the record is touched for it: a grant of n keys is one sealed text of 32 n bytes. What was sealed
// with a granted key is sealed with the key that its new person makes when it is next written.
namespace eunomia::gdprbench {

core::secret_key key_of_record(const core::secret_key& person, const record_lookup& lookup);

struct record_content {
  std::string key;
  std::string data;
};

// Key and data as they rest: sealed for this record, at the place that its lookup is.
std::string seal_record(const core::secret_key& of_record, std::string_view key, std::string_view data,
                        const record_lookup& lookup);
// errc::corrupt.
record_content unseal_record(const core::secret_key& of_record, std::string_view sealed, const record_lookup& lookup);

// The keys of records that are about somebody from now on.
struct key_grant {
  core::subject_handle to;
  std::vector<std::int64_t> records;  // rows
  std::string sealed_keys;            // in the order of the rows, with the data key of that person
};

// A key in a grant: what opens a record that has one, whomever it was about before.
struct granted_key {
  std::shared_ptr<const key_grant> in;
  std::size_t position = 0;
};

std::shared_ptr<const key_grant> grant_keys(const core::secret_key& person, core::subject_handle to,
                                            std::vector<std::int64_t> records, std::span<const core::secret_key> keys);

// A grant that was opened; wiped when destroyed.
class opened_grant {
 public:
  // errc::corrupt.
  opened_grant(const core::secret_key& person, const key_grant& grant);
  ~opened_grant();
  opened_grant(opened_grant&&) noexcept = default;
  opened_grant(const opened_grant&) = delete;
  opened_grant& operator=(const opened_grant&) = delete;

  core::secret_key key_at(std::size_t position) const;

 private:
  std::vector<std::byte> keys_;
};

// errc::corrupt when the person has none.
const core::secret_key& key_in(const subject::data_keys& keys, core::subject_handle who);

// The keys of records, from those of the people whom they are about: every grant is opened once. The keys outlive it.
class record_key_ring {
 public:
  explicit record_key_ring(const subject::data_keys& people) : people_(people) {}

  core::secret_key key_of(core::subject_handle about, const record_lookup& lookup,
                          const std::optional<granted_key>& granted);

 private:
  const subject::data_keys& people_;
  std::unordered_map<const key_grant*, opened_grant> opened_;
};

}  // namespace eunomia::gdprbench
