#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include <array>
#include <cstring>

#include "core/error.h"
#include "core/file.h"
#include "core/hash.h"
#include "core/utf8.h"
#include "store/table/duckdb_engine.h"
#include "store/table/record_reader.h"

namespace eunomia::store::table {

namespace {

using core::errc;
using core::error;

constexpr std::string_view magic = "PAR1";

// What DuckDB says of a foreign file is about the file, not about us.
[[noreturn]] void refuse(const std::filesystem::path& file, const error& problem) {
  if (problem.code() == errc::resource_exhausted || problem.code() == errc::cancelled) {
    throw problem;
  }
  const std::string told = fmt::format("{}: this Parquet file cannot be read; is it whole?", file.string());
  throw error(errc::invalid_argument, fmt::format("{} {}", told, problem.what()), told);
}

std::string as_text(const std::string& name, const std::string& type) {
  const std::string value = quoted_name(name);
  if (type == "timestamp" || type == "date") {
    return fmt::format("strftime({}::TIMESTAMP, '%Y-%m-%dT%H:%M:%S.%gZ')", value);
  }
  if (type == "timestamp with time zone") {
    return fmt::format("strftime(make_timestamp(epoch_us({})), '%Y-%m-%dT%H:%M:%S.%gZ')", value);
  }
  if (type == "list") {
    return fmt::format("array_to_string({}, '|')", value);
  }
  return value + "::VARCHAR";
}

class parquet_reader final : public record_reader {
 public:
  parquet_reader(const std::filesystem::path& file, std::span<const std::string> columns)
      : file_(file), engine_({std::uint64_t(1) << 30, {}, {file}}), session_(engine_.connect()) {
    bytes_ = std::filesystem::file_size(file);
    try {
      const std::string from = fmt::format("FROM read_parquet({})", quoted_path(file));
      rows_in_file_ = static_cast<std::uint64_t>(session_.number("SELECT count(*) " + from));
      std::string select;
      {
        const auto described = session_.stream(fmt::format("SELECT * {} LIMIT 0", from));
        for (std::size_t i = 0; i < described->columns(); ++i) {
          const std::string name = described->column_name(i);
          if (columns.empty() || std::find(columns.begin(), columns.end(), name) != columns.end()) {
            select += (select.empty() ? "" : ", ") + as_text(name, described->column_type_name(i));
            header_.push_back(name);
          }
        }
      }
      if (header_.empty() || header_.size() > max_record_columns) {
        throw error(errc::invalid_argument, fmt::format("{} columns; a file has 1 to max_record_columns = {}",
                                                        header_.size(), max_record_columns));
      }
      rows_ = session_.stream(fmt::format("SELECT {} {}", select, from));
    } catch (const error& problem) {
      refuse(file, problem);
    }
  }

  const std::vector<std::string>& header() const override { return header_; }
  std::string_view unit() const override { return "row"; }
  std::uint64_t file_bytes() const override { return bytes_; }
  std::uint64_t file_bytes_read() const override {
    return rows_in_file_ == 0 ? bytes_
                              : static_cast<std::uint64_t>(static_cast<double>(bytes_) * static_cast<double>(row_) /
                                                           static_cast<double>(rows_in_file_));
  }

  core::digest128 digest() override {
    core::xxh3_hasher hasher;
    const core::file_descriptor file = core::open_file(file_, O_RDONLY);
    std::vector<char> buffer(std::size_t(1) << 20);
    while (true) {
      const ssize_t got = ::read(file.get(), buffer.data(), buffer.size());
      if (got < 0) {
        core::throw_system_error(errno, "cannot read", file_);
      }
      if (got == 0) {
        return hasher.finish();
      }
      hasher.update(std::string_view(buffer.data(), static_cast<std::size_t>(got)));
    }
  }

  bool next(record_block& into) override {
    into.clear();
    into.columns = header_.size();
    try {
      chunk_.emplace(rows_->next());
    } catch (const error& problem) {
      refuse(file_, problem);
    }
    if (!*chunk_) {
      return false;
    }
    const std::size_t count = chunk_->rows();
    into.fields.resize(count * into.columns);
    into.fault.assign(count, record_fault::none);
    into.fault_column.assign(count, 0);
    into.raw.assign(count, {});
    for (std::size_t i = 0; i < count; ++i) {
      into.line.push_back(++row_);
    }
    for (std::size_t c = 0; c < into.columns; ++c) {
      const column_view values = chunk_->column(c, column_type::text);
      for (std::size_t i = 0; i < count; ++i) {
        const std::string_view text = values.is_null(i) ? std::string_view() : values.text(i);
        into.fields[i * into.columns + c] = text;
        const record_fault fault = text.size() > max_field_bytes               ? record_fault::too_long
                                   : text.find('\0') != std::string_view::npos ? record_fault::nul_byte
                                   : !core::is_utf8(text)                      ? record_fault::not_utf8
                                                                               : record_fault::none;
        if (fault != record_fault::none && into.fault[i] == record_fault::none) {
          into.fault[i] = fault;
          into.fault_column[i] = static_cast<std::uint32_t>(c);
        }
      }
    }
    return true;
  }

 private:
  const std::filesystem::path file_;
  duckdb_engine engine_;
  duckdb_session session_;
  std::vector<std::string> header_;
  std::unique_ptr<result_stream> rows_;
  std::optional<result_chunk> chunk_;
  std::uint64_t rows_in_file_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint64_t row_ = 0;
};

}  // namespace

std::unique_ptr<record_reader> open_parquet(const std::filesystem::path& file, std::span<const std::string> columns) {
  return std::make_unique<parquet_reader>(file, columns);
}

bool is_parquet(const std::filesystem::path& file) {
  if (!std::filesystem::is_regular_file(file)) {
    return false;  // a pipe must not be tasted
  }
  const core::file_descriptor in = core::open_file(file, O_RDONLY);
  std::array<char, magic.size()> first = {};
  return ::read(in.get(), first.data(), first.size()) == static_cast<ssize_t>(first.size()) &&
         std::memcmp(first.data(), magic.data(), magic.size()) == 0;
}

}  // namespace eunomia::store::table
