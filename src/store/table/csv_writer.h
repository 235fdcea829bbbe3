#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string_view>

namespace eunomia::store::table {

// Writes CSV as RFC 4180 has it, with '\n' at the end of a record: a field with a comma, a quote, a line break or an
// outer space is quoted. An empty text is written as "" and an absent value as nothing, so that csv_reader's columns
// tell them apart for who looks. Gzip when the name ends in .gz.
class csv_writer {
 public:
  // Writes beside the target; finish() renames over it. Throws as core::atomic_file does.
  explicit csv_writer(const std::filesystem::path& target);
  ~csv_writer();
  csv_writer(const csv_writer&) = delete;
  csv_writer& operator=(const csv_writer&) = delete;

  void text(std::string_view value);
  void number(std::int64_t value);
  void number(double value);  // the shortest that reads back as the same
  void absent();
  void end_record();

  // The file is complete and durable on return; without it there is none.
  void finish();

 private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace eunomia::store::table
