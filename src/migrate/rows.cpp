#include "migrate/rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "core/error.h"
#include "core/hash.h"
#include "store/table/csv_writer.h"
#include "store/table/record_reader.h"

namespace eunomia::migrate {

namespace {

namespace table = store::table;
using core::errc;

constexpr std::string_view user_column = "USER_ID";

bool is_called(std::string_view name, std::string_view wanted) {
  return std::ranges::equal(
      name, wanted, [](char a, char b) { return (a >= 'a' && a <= 'z' ? static_cast<char>(a - 'a' + 'A') : a) == b; });
}

std::optional<std::size_t> column_of(const std::vector<std::string>& header, std::string_view wanted) {
  const auto found = std::ranges::find_if(header, [&](const std::string& name) { return is_called(name, wanted); });
  return found == header.end() ? std::nullopt : std::optional(static_cast<std::size_t>(found - header.begin()));
}

// The column by which rows are told apart; empty: none is.
std::string_view key_column(std::string_view type) {
  if (type == "ITEMS") {
    return "ITEM_ID";
  }
  if (type == "ACTIONS") {
    return "ACTION_ID";
  }
  return type == "USERS" ? user_column : std::string_view();
}

bool is_about_people(std::string_view type) {
  return type != "ITEMS" && type != "ACTIONS";
}

class copying {
 public:
  copying(std::string_view type, const pseudonyms* replaced, core::job& job)
      : type_(type), replaced_(is_about_people(type) ? replaced : nullptr), job_(job) {}

  void copy(const std::filesystem::path& file, const std::filesystem::path& into) {
    const auto reader = table::open_csv(file);
    const std::vector<std::string>& header = reader->header();
    const auto user = is_about_people(type_) ? needed(header, user_column, file) : std::nullopt;
    const std::string_view key_name = key_column(type_);
    const auto key = key_name.empty() ? std::nullopt : needed(header, key_name, file);
    std::optional<table::csv_writer> out;
    if (replaced_ != nullptr) {
      out.emplace(into);
      for (const std::string& name : header) {
        out->text(name);
      }
      out->end_record();
    }
    table::record_block block;
    while (reader->next(block)) {
      job_.check();
      for (std::size_t i = 0; i < block.size(); ++i) {
        if (block.fault[i] != table::record_fault::none) {
          throw core::error(errc::invalid_argument, fmt::format("{}:{}: {}", file.filename().string(), block.line[i],
                                                                table::name_of(block.fault[i])));
        }
        const auto record = block.record(i);
        if (key) {
          keys_.insert(core::xxh3(record[*key]));
        }
        if (out) {
          write(record, *user, *out);
        }
      }
      counted_.rows += block.size();
      job_.report(fmt::format("read {}", type_), counted_.rows, 0);
    }
    if (out) {
      out->finish();
    }
  }

  counted_rows counted() {
    counted_.distinct = keys_.size();
    return std::move(counted_);
  }

 private:
  static std::optional<std::size_t> needed(const std::vector<std::string>& header, std::string_view name,
                                           const std::filesystem::path& file) {
    const auto found = column_of(header, name);
    if (!found) {
      throw core::error(errc::invalid_argument, fmt::format("{} has no column {}", file.filename().string(), name));
    }
    return found;
  }

  void write(std::span<const std::string_view> record, std::size_t user, table::csv_writer& out) {
    for (std::size_t column = 0; column < record.size(); ++column) {
      if (column == user) {
        out.text(replaced_->of(record[column]));
        counted_.people.emplace(record[column]);
      } else if (record[column].empty()) {
        out.absent();
      } else {
        out.text(record[column]);
      }
    }
    out.end_record();
    if (counted_.people.size() > max_people_replaced) {
      throw core::error(errc::resource_exhausted,
                        fmt::format("{} has more than max_people_replaced = {} people; migrate without --pseudonymise",
                                    type_, max_people_replaced));
    }
  }

  struct digest_hash {
    std::size_t operator()(const core::digest128& of) const {
      std::size_t bits = 0;
      std::memcpy(&bits, of.bytes.data(), sizeof bits);
      return bits;
    }
  };

  std::string_view type_;
  const pseudonyms* replaced_;
  core::job& job_;
  counted_rows counted_;
  std::unordered_set<core::digest128, digest_hash> keys_;
};

}  // namespace

counted_rows copy_rows(const std::vector<std::filesystem::path>& files, std::string_view type,
                       const pseudonyms* replaced, const std::filesystem::path& into, core::job& job) {
  copying all(type, replaced, job);
  for (std::size_t i = 0; i < files.size(); ++i) {
    all.copy(files[i], into / fmt::format("part-{}.csv", i));
  }
  return all.counted();
}

}  // namespace eunomia::migrate
