#include "subject/rights/archive.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "core/error.h"
#include "core/json.h"
#include "core/time.h"
#include "subject/custody/collector.h"
#include "subject/rights/part_writer.h"

namespace eunomia::subject {

namespace {

using core::errc;
using core::error;

constexpr std::size_t longest_part_name = 100;
constexpr std::uint64_t rows_between_reports = 1024;

using places = std::map<place_held, holding>;

// What is held about data subjects.
places personal_places(const custodians& all) {
  places found;
  for (auto& [custodian, what] : all.inventory()) {
    if (what.about == data_about::data_subjects) {
      found.emplace(place_held{what.kind, what.place}, std::move(what));
    }
  }
  return found;
}

// "sql_table" as people write it.
template <class Enum>
std::string words_of(Enum value) {
  std::string words = boost::describe::enum_to_string(value, "?");
  std::ranges::replace(words, '_', ' ');
  return words;
}

indexed_place index_of(const holding& what) {
  return {words_of(what.kind), what.place, what.what, what.retention};
}

void add_missing(std::vector<std::string>& to, const std::vector<std::string>& from) {
  for (const std::string& one : from) {
    if (std::ranges::find(to, one) == to.end()) {
      to.push_back(one);
    }
  }
}

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= longest_part_name && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

// Takes the parts of all custodians into the archive.
class archive_collector final : public collector {
 public:
  archive_collector(const archive_order& wanted, const custodians& all, zip_file& out, std::filesystem::path folder,
                    core::job& job)
      : wanted_(wanted), all_(all), known_(personal_places(all)), out_(out), folder_(std::move(folder)), job_(job) {}

  using collector::add;

  void of(std::string_view custodian) {
    end();
    custodian_ = custodian;
  }

  bool begin(const collected_part& part) override {
    end();
    job_.check();
    check(part);
    for (const place_held& place : part.places) {
      looked_into(place);
    }
    if (wanted_.scope == archive_scope::portability && !is_portable(part.origin)) {
      return false;
    }
    if (parts_.size() == max_archive_parts) {
      throw error(errc::resource_exhausted,
                  fmt::format("an archive has at most max_archive_parts = {} parts", max_archive_parts));
    }
    parts_.push_back(index_of(part));
    indexed_part& now = parts_.back();
    const std::string stem = new_stem(part.name);
    now.csv = stem + ".csv";
    now.json = stem + ".json";
    writer_.emplace(out_, part, *now.csv, *now.json, folder_);
    return true;
  }

  void add(std::span<const collected_value> row) override {
    if (!writer_) {
      throw error(errc::internal, fmt::format("custodian \"{}\" adds a row to no part", custodian_));
    }
    writer_->add(row);
    if (++rows_ % rows_between_reports == 0) {
      job_.check();
      job_.report("archive", rows_, 0);
    }
  }

  void looked_into(const place_held& place) override { seen_.insert(place); }

  // Ends the last part, and holds what was told against what is held.
  std::vector<indexed_part> finish() {
    end();
    const places now = personal_places(all_);
    for (const auto& [place, what] : known_) {
      if (what.not_handed_over.empty() && !seen_.contains(place) && now.contains(place)) {
        throw error(errc::internal,
                    fmt::format("nobody looked into the {} \"{}\" for an archive, which would be incomplete",
                                words_of(place.kind), place.place));
      }
    }
    return std::move(parts_);
  }

  std::vector<indexed_omission> omissions() const {
    std::vector<indexed_omission> all;
    for (const auto& [place, what] : known_) {
      if (!what.not_handed_over.empty()) {
        all.push_back({subject::index_of(what), what.categories, what.not_handed_over});
      }
    }
    return all;
  }

 private:
  void end() {
    if (!writer_) {
      return;
    }
    indexed_part& last = parts_.back();
    last.rows = writer_->finish();
    if (last.rows == 0) {
      last.csv.reset();
      last.json.reset();
    }
    writer_.reset();
  }

  void check(const collected_part& part) const {
    std::set<std::string_view> names;
    const bool distinct =
        std::ranges::all_of(part.columns, [&](const part_column& c) { return names.insert(c.name).second; });
    if (!is_name(part.name) || part.title.empty() || part.what.empty() || part.places.empty() || part.columns.empty() ||
        !distinct) {
      throw error(errc::internal,
                  fmt::format("custodian \"{}\" does not say what its part \"{}\" is", custodian_, part.name));
    }
  }

  // For a place that came into being since the inventory was read, it is read again.
  const holding& holding_at(const place_held& place) {
    auto found = known_.find(place);
    if (found == known_.end()) {
      newer_.merge(personal_places(all_));
      found = newer_.find(place);
    }
    if (found == newer_.end()) {
      throw error(errc::internal,
                  fmt::format("custodian \"{}\" tells of the {} \"{}\", which no custodian describes as about data "
                              "subjects",
                              custodian_, words_of(place.kind), place.place));
    }
    return found->second;
  }

  indexed_part index_of(const collected_part& part) {
    indexed_part made;
    made.title = part.title;
    made.what = part.what;
    made.custodian = custodian_;
    made.origin = words_of(part.origin);
    made.recipients = part.recipients;
    for (const place_held& place : part.places) {
      const holding& what = holding_at(place);
      add_missing(made.categories, what.categories);
      add_missing(made.purposes, what.purposes);
      made.places.push_back(subject::index_of(what));
    }
    for (const part_column& column : part.columns) {
      made.columns.push_back({column.name, words_of(column.type), column.what});
    }
    return made;
  }

  // Distinct without case too: the archive is unpacked on file systems that know none.
  std::string new_stem(std::string_view name) {
    const std::string stem = fmt::format("data/{}-{}", custodian_, name);
    for (std::size_t number = 1;; ++number) {
      std::string wanted = number == 1 ? stem : fmt::format("{}-{}", stem, number);
      std::string folded = wanted;
      std::ranges::transform(folded, folded.begin(),
                             [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
      if (stems_.insert(std::move(folded)).second) {
        return wanted;
      }
    }
  }

  const archive_order& wanted_;
  const custodians& all_;
  const places known_;
  places newer_;  // that are not in known_
  zip_file& out_;
  const std::filesystem::path folder_;
  core::job& job_;
  std::string custodian_;
  std::set<place_held> seen_;
  std::set<std::string> stems_;
  std::vector<indexed_part> parts_;
  std::optional<part_writer> writer_;
  std::uint64_t rows_ = 0;
};

indexed_purpose index_of(const purpose_definition& defined) {
  indexed_purpose made;
  made.name = defined.name.name();
  made.lawful_basis = name_of(defined.basis);
  if (defined.special_categories) {
    made.special_categories = std::string(1, static_cast<char>(*defined.special_categories));
  }
  made.retention_days = defined.retention_days;
  made.notice = defined.notice;
  made.version = defined.version;
  return made;
}

}  // namespace

archive_report write_archive(const archive_order& wanted, const custodians& all, const purposes& defined,
                             const std::filesystem::path& file, const custody_context& with) {
  const std::filesystem::path folder = file.has_parent_path() ? file.parent_path() : ".";
  zip_file out(file);
  archive_collector parts(wanted, all, out, folder, with.job);
  for (const auto& one : all.all()) {
    parts.of(one->name());
    one->collect(wanted.who, with, parts);
  }
  archive_index index;
  index.scope = wanted.scope;
  index.made_at = core::format_iso8601(wanted.made_at);
  index.parts = parts.finish();
  if (wanted.scope == archive_scope::access) {
    index.omissions = parts.omissions();
  }
  std::vector<std::string> used;
  archive_report report;
  for (const indexed_part& part : index.parts) {
    add_missing(used, part.purposes);
    report.parts += part.rows > 0 ? 1 : 0;
    report.rows += part.rows;
  }
  for (const purpose_definition& one : defined.list()) {
    if (std::ranges::find(used, one.name.name()) != used.end()) {
      index.purposes.push_back(index_of(one));
    }
  }
  out.begin("index.json");
  out.write(core::write_json(index, 2));
  out.begin("index.html");
  out.write(index_page(index));
  report.bytes = out.finish();
  return report;
}

}  // namespace eunomia::subject
