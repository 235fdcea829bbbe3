#pragma once

#include <algorithm>
#include <boost/describe.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bench/gdprbench/personal_records.h"
#include "core/json.h"
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

// Whom records are about, each once.
inline std::vector<core::subject_handle> people_of(std::span<const record_tables::sealed_record> records) {
  std::vector<core::subject_handle> people;
  people.reserve(records.size());
  for (const record_tables::sealed_record& one : records) {
    people.push_back(one.about);
  }
  std::ranges::sort(people);
  people.erase(std::unique(people.begin(), people.end()), people.end());
  return people;
}

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

}  // namespace eunomia::gdprbench
