#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "bench/gdprbench/personal_records.h"
#include "bench/gdprbench/workload.h"
#include "core/temporary_directory.h"
#include "store/sql/lossy_database.h"
#include "store/sql/test_database.h"

// What the tests of personal_records share; only *_test.cpp includes it.
namespace eunomia::gdprbench {

inline constexpr std::int64_t now = load_time;

// Everything that records stand on, over a database.
struct house {
  explicit house(store::sql::database& in) : through(in) {
    keys = subject::open_vault(in, folder.path() / "keys");
    in.migrate(subject::directory_migrations());
    people = subject::open_directory(in, keys);
    log = std::make_unique<subject::audit_log>(in);
    open();
  }
  // As after a crash: nothing was saved that the journal holds.
  void open() {
    records.reset();
    records = std::make_unique<personal_records>(through, *keys, *people, *log, journal_file(),
                                                 subject::actor::token("test"));
  }
  std::filesystem::path journal_file() const { return folder.path() / "records.journal"; }
  std::vector<std::string> actions() const {
    records->save();
    std::vector<std::string> made;
    for (const auto& one : log->entries({.limit = subject::max_audit_page})) {
      made.push_back(one.action);
    }
    return made;
  }

  core::temporary_directory folder;
  store::sql::lossy_database through;
  std::shared_ptr<subject::vault> keys;
  std::unique_ptr<subject::durable_directory> people;
  std::unique_ptr<subject::audit_log> log;
  std::unique_ptr<personal_records> records;
};

inline personal_record record(std::uint64_t number) {
  return record_source({}).record({number, 0});
}

inline std::vector<personal_record> records_up_to(std::uint64_t count) {
  std::vector<personal_record> made;
  for (std::uint64_t i = 0; i < count; ++i) {
    made.push_back(record(i));
  }
  return made;
}

inline selector key_of(std::uint64_t number) {
  return {attribute::key, record_source::key(number)};
}

}  // namespace eunomia::gdprbench
