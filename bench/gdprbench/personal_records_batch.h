#pragma once

#include <boost/describe.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bench/gdprbench/personal_records.h"
#include "core/json.h"
#include "core/seal.h"
#include "store/sql/database.h"

// What the .cpp files of personal_records share; nobody else includes it.
namespace eunomia::gdprbench {

// What the audit log tells of an operation, beside whom it was about.
struct operation_details {
  std::string by;
  std::optional<std::string> value;  // of a text attribute: never a key or a person
  std::optional<std::string> what;
  std::uint64_t records = 0;
};
BOOST_DESCRIBE_STRUCT(operation_details, (), (by, value, what, records))

// Operations under way together: what they change, and their audit entries.
struct personal_records::batch {
  personal_records& of;
  change_writer changes = change_writer(of.tables_);
  store::sql::connection* from = nullptr;  // where one of them said that it reads tables
  std::vector<subject::audit_entry> entries = {};

  template <class Body>
  auto read(Body body) {
    return from != nullptr ? body(*from) : of.database_.read(body);
  }
  subject::data_keys keys_of(std::span<const core::subject_handle> people) {
    return read([&](store::sql::connection& in) { return of.keys_.keys_of(in, people); });
  }

  void record(std::string_view action, const std::optional<subject::pseudonym>& about,
              const operation_details& details) {
    entries.push_back({of.by_, std::string(action), about, core::write_json(details)});
  }
};

// Key and data as they are sealed: for a record, and with its lookup as the place.
std::string seal_record(const core::secret_key& with, std::string_view key, std::string_view data,
                        const record_lookup& lookup);
// The same text for another person.
std::string seal_anew(const core::secret_key& from, const core::secret_key& to, std::string_view sealed,
                      const record_lookup& lookup);
personal_records::found_data unseal_record(const core::secret_key& with, std::string_view sealed,
                                           const record_lookup& lookup);

// errc::corrupt when the person has none.
const core::secret_key& key_in(const subject::data_keys& keys, core::subject_handle who);

}  // namespace eunomia::gdprbench
