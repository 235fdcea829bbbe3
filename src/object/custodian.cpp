#include "object/custodian.h"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <set>

#include "core/error.h"
#include "core/log.h"
#include "object/gzip.h"
#include "object/refusal.h"
#include "object/row_filter.h"
#include "object/search.h"
#include "subject/custody/collector.h"
#include "subject/erasure/byte_scan.h"

namespace eunomia::object {

namespace {

using subject::data_about;
using subject::holding;
using subject::store_kind;

constexpr std::string_view rows_of_objects = "rows of objects";

holding of_users(store_kind kind, const char* place, const char* what) {
  return {kind,
          place,
          data_about::data_subjects,
          what,
          {"files", "identifiers"},
          {},
          "until whoever put it there deletes it; uploads in parts that nobody completes, seven days",
          "rows that are theirs are taken out of CSV and JSON lines; what is found elsewhere is named and waited for",
          ""};
}

std::vector<subject::place_held> all_places() {
  return {{store_kind::sql_table, "object_entry"},
          {store_kind::sql_table, "object_upload"},
          {store_kind::sql_table, "object_part"},
          {store_kind::blob_prefix, "objects/"}};
}

// Rows of one object, read as its form wants it; the filter leaves theirs out.
class rows_of_object {
 public:
  rows_of_object(object_reader& from, row_form form, const row_matcher& whose, row_filter::row_told told = {})
      : bytes_(from, 0, from.info().size), compressed_(is_gzip(from)) {
    if (compressed_) {
      plain_ = std::make_unique<gunzipped>(bytes_);
    }
    rows_ = std::make_unique<row_filter>(compressed_ ? static_cast<content&>(*plain_) : bytes_, form, whose,
                                         std::move(told));
    if (compressed_) {
      packed_ = std::make_unique<gzipped>(*rows_);
    }
  }
  row_filter& rows() { return *rows_; }
  // What is left, in the form in which it was.
  content& left() { return compressed_ ? static_cast<content&>(*packed_) : *rows_; }

 private:
  range_content bytes_;
  const bool compressed_;
  std::unique_ptr<gunzipped> plain_;
  std::unique_ptr<row_filter> rows_;
  std::unique_ptr<gzipped> packed_;
};

class object_custodian final : public subject::custodian {
 public:
  object_custodian(object_store& objects, names_of_person names) : objects_(objects), names_(std::move(names)) {}

  std::string_view name() const override { return "objects"; }

  std::vector<holding> describe() const override {
    return {{store_kind::sql_table,
             "object_bucket",
             data_about::nobody,
             "The names of buckets, and when they were made.",
             {},
             {},
             "until they are deleted",
             ""},
            {store_kind::sql_table,
             "object_grant",
             data_about::operators,
             "Which access key may use which bucket.",
             {"ids of access keys"},
             {},
             "until it is taken back, or the bucket deleted",
             "none: it is about access keys"},
            of_users(store_kind::sql_table, "object_entry",
                     "Of each object its size and when it was written; and sealed, its name, headers, metadata and "
                     "checksum."),
            of_users(store_kind::sql_table, "object_upload", "The same of objects that are being uploaded in parts."),
            of_users(store_kind::sql_table, "object_part",
                     "Which blobs make up an object; and sealed, the key that opens each."),
            of_users(store_kind::blob_prefix, "objects/", "The bytes of objects, sealed.")};
  }

  void collect(core::subject_handle who, const subject::custody_context& with, subject::collector& into) const override;

  std::unique_ptr<subject::erasure_guard> hold_back(std::span<const core::subject_handle>) override { return nullptr; }
  std::vector<subject::certificate_step> leave_memory(std::span<const core::subject_handle>,
                                                      const subject::custody_context&) override {
    return {};
  }
  // No handle leads into an object: search() looks.
  std::vector<subject::amount_held> find(std::span<const core::subject_handle>,
                                         const subject::custody_context&) const override {
    return {};
  }
  void erase(std::span<const core::subject_handle>, const subject::custody_context&,
             std::vector<subject::certificate_step>&) override {}
  void erase_named(std::span<const subject::person_name> names, const subject::custody_context& with,
                   std::vector<subject::certificate_step>& done) override;
  subject::searched_places search(const subject::needles& wanted,
                                  const std::function<bool(std::string_view, std::size_t)>& excused,
                                  const subject::custody_context& with) const override;
  bool found_is_gone() const override;
  void erased(std::span<const core::subject_handle>) noexcept override {}
  // Nobody says how long a file of theirs is to be kept but whoever put it there.
  void expire(const subject::retention_rules&, const subject::custody_context&,
              std::vector<subject::certificate_step>&) override {}
  void leave_out_held(std::vector<core::subject_handle>&, const subject::custody_context&) const override {}

 private:
  std::uint64_t take_out(const object_store::placed_object& one, row_form form, const row_matcher& whose,
                         core::job& job);

  object_store& objects_;
  const names_of_person names_;
  mutable std::mutex mutex_;
  mutable std::vector<found_in> finds_;  // of the last search
};

// How many rows. An object of which somebody makes another meanwhile is read again.
std::uint64_t object_custodian::take_out(const object_store::placed_object& one, row_form form,
                                         const row_matcher& whose, core::job& job) {
  constexpr int attempts = 5;
  for (int attempt = 1;; ++attempt) {
    const auto reader = opened(objects_, one);
    if (!reader) {
      return 0;
    }
    rows_of_object looked(*reader, form, whose);
    read_all(looked.rows(), job, [](core::bytes_view) {});
    const std::uint64_t theirs = looked.rows().left_out();
    if (theirs == 0) {
      return 0;
    }
    put_question anew;
    anew.key = one.object.key;
    anew.headers = reader->info().headers;
    anew.expected.computed = reader->info().of_all ? std::optional(reader->info().of_all->algorithm) : std::nullopt;
    anew.in_place_of = reader->info().id;
    try {
      rows_of_object left(*reader, form, whose);
      objects_.put(one.bucket, anew, left.left());
      return theirs;
    } catch (const refusal& problem) {
      if (problem.why() != refused::precondition_failed || attempt == attempts) {
        throw;
      }
    }
  }
}

void object_custodian::erase_named(std::span<const subject::person_name> names, const subject::custody_context& with,
                                   std::vector<subject::certificate_step>& done) {
  {
    const std::lock_guard lock(mutex_);
    finds_.clear();
  }
  const row_matcher whose(names);
  if (whose.names_nobody()) {
    return;
  }
  std::uint64_t rows = 0;
  std::uint64_t objects = 0;
  std::uint64_t unread = 0;
  for (const object_store::placed_object& one : objects_.all()) {
    with.job.check();
    const auto reader = opened(objects_, one);
    const auto form = reader ? row_form_of(one.object.key, reader->info().headers.content_type) : std::nullopt;
    if (!form) {
      continue;
    }
    try {
      const std::uint64_t theirs = take_out(one, *form, whose, with.job);
      rows += theirs;
      objects += theirs > 0 ? 1 : 0;
    } catch (const core::error& problem) {
      // What does not consist of rows after all is for search(), which says where it names them.
      if (problem.code() != core::errc::failed_precondition && problem.code() != core::errc::corrupt) {
        throw;
      }
      ++unread;
    }
  }
  if (unread > 0) {
    core::log::warning("objects that are called rows are none, and were not rewritten", {{"objects", unread}});
  }
  if (rows > 0) {
    objects_.wait_for_removed(with.job);
    objects_.leave_log();
    done.push_back({"",
                    std::string(rows_of_objects),
                    "objects",
                    subject::erasure_level::physically_erased,
                    rows,
                    fmt::format("rows of {} objects, which were replaced by what is left of them", objects),
                    {},
                    {},
                    0});
  }
}

subject::searched_places object_custodian::search(const subject::needles& wanted,
                                                  const std::function<bool(std::string_view, std::size_t)>& excused,
                                                  const subject::custody_context& with) const {
  std::vector<found_in> finds;
  auto result = search_objects(objects_, wanted, excused, with.job, finds);
  const std::lock_guard lock(mutex_);
  finds_ = std::move(finds);
  return result;
}

bool object_custodian::found_is_gone() const {
  const std::lock_guard lock(mutex_);
  return std::ranges::any_of(finds_, [&](const found_in& one) { return is_gone(objects_, one); });
}

void object_custodian::collect(core::subject_handle who, const subject::custody_context& with,
                               subject::collector& into) const {
  const std::vector<subject::person_name> called = names_(who);
  std::vector<std::string> encodings;
  for (const subject::person_name& one : called) {
    for (std::string& text : subject::encodings_of(one.identifier).unmistakable) {
      encodings.push_back(std::move(text));
    }
  }
  const subject::needles wanted(std::move(encodings));
  const place_names places(wanted);
  const row_matcher whose(called);
  const bool tell_rows =
      into.begin({"rows",
                  "Rows about you in files",
                  "Rows of files that users of this server keep here, of which one field is what "
                  "you are called, as they stand there.",
                  subject::data_origin::recorded,
                  all_places(),
                  {{"object", subject::value_type::text, "The file"}, {"row", subject::value_type::text, ""}}});
  const auto every = objects_.all();
  std::set<std::string> theirs;
  for (const object_store::placed_object& one : every) {
    const auto reader = opened(objects_, one);
    const auto form = reader ? row_form_of(one.object.key, reader->info().headers.content_type) : std::nullopt;
    if (!form) {
      continue;
    }
    const std::string place = places.of(one.bucket, one.object.key);
    try {
      rows_of_object read(*reader, *form, whose, [&](std::string_view row) {
        theirs.insert(place);
        if (tell_rows) {
          into.add({std::string_view(place), row});
        }
      });
      read_all(read.rows(), with.job, [](core::bytes_view) {});
    } catch (const core::error& problem) {
      if (problem.code() != core::errc::failed_precondition && problem.code() != core::errc::corrupt) {
        throw;
      }
    }
  }
  std::vector<found_in> finds;
  const auto found = search_objects(
      objects_, wanted, [](std::string_view, std::size_t) { return false; }, with.job, finds);
  for (const subject::found_place& one : found.found.places) {
    theirs.insert(one.file);
  }
  if (into.begin({"files",
                  "Files that name you",
                  "Files that users of this server keep here and in which, or in whose name, what you are called was "
                  "found. What is in them besides may be about others: ask for what concerns you.",
                  subject::data_origin::recorded,
                  all_places(),
                  {{"object", subject::value_type::text, "The file; what you are called is hidden in its name"}}})) {
    for (const std::string& place : theirs) {
      into.add({std::string_view(place)});
    }
  }
}

}  // namespace

std::unique_ptr<subject::custodian> make_custodian(object_store& objects, names_of_person names) {
  return std::make_unique<object_custodian>(objects, std::move(names));
}

}  // namespace eunomia::object
