#include "migrate/export_folder.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"
#include "core/file.h"
#include "core/json.h"
#include "core/time.h"
#include "migrate/json_members.h"
#include "migrate/rows.h"

namespace eunomia::migrate {

namespace {

using core::errc;
using core::json_value;
namespace fs = std::filesystem;

constexpr std::string_view manifest_name = "personalize.json";
constexpr std::uint64_t max_file_bytes = std::uint64_t{64} << 20U;
constexpr std::size_t max_name_length = 63;  // of what Personalize names

struct folder_manifest {
  int format = folder_format;
  std::string source;
  std::string exported_at;
};
BOOST_DESCRIBE_STRUCT(folder_manifest, (), (format, source, exported_at))

// Of a folder below data/: names of Personalize, and nothing that leads elsewhere.
void check_name(const std::string& name, const fs::path& file) {
  const bool is_plain = !name.empty() && name.size() <= max_name_length && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
  if (!is_plain) {
    throw core::error(errc::invalid_argument,
                      fmt::format("{}: \"{}\" is no name of Personalize's: 1 to 63 of a-z, A-Z, 0-9, - and _",
                                  file.string(), name.substr(0, max_name_length)));
  }
}

fs::path data_folder(const fs::path& folder, const thing& dataset) {
  return folder / "data" / dataset.group / dataset.dataset_type();
}

json_value written(const thing& one) {
  json_value made = one.described;
  json_value tags = json_value::of_array();
  for (const tag& each : one.tags) {
    tags.append(with(object_of("tagKey", each.key), "tagValue", each.value));
  }
  return with(std::move(made), "tags", std::move(tags));
}

class folder_source final : public source {
 public:
  explicit folder_source(fs::path folder) : folder_(std::move(folder)) {
    if (!fs::is_regular_file(folder_ / manifest_name)) {
      throw core::error(errc::invalid_argument,
                        fmt::format("{} has no {}: it is no folder that --export-to wrote, or not a whole one",
                                    folder_.string(), manifest_name));
    }
    const auto manifest = read<folder_manifest>(folder_ / manifest_name);
    if (manifest.format != folder_format) {
      throw core::error(errc::invalid_argument, fmt::format("{} is of format {}, and this program reads {}",
                                                            folder_.string(), manifest.format, folder_format));
    }
  }

  std::string where() const override { return folder_.string(); }

  inventory read(const group_names& only, core::job&) override {
    std::vector<thing> things;
    for (const spelling& how : spellings()) {
      read_kind(how, things);
    }
    name_groups(things);
    const auto is_meant = [&](const thing& one) {
      const std::string& group = one.is == kind::dataset_group ? one.name : one.group;
      return only.empty() || std::ranges::find(only, group) != only.end() ||
             (one.is == kind::schema && is_used(one, things, only));
    };
    inventory all;
    for (const thing& one : things) {
      if (is_meant(one)) {
        all.add(one);
      }
    }
    return all;
  }

  std::vector<fs::path> fetch_rows(const thing& dataset, const fs::path&, core::job&) override {
    const fs::path place = data_folder(folder_, dataset);
    std::vector<fs::path> files;
    if (fs::is_directory(place)) {
      for (const auto& entry : fs::directory_iterator(place)) {
        const std::string name = entry.path().filename().string();
        if (entry.is_regular_file() && (name.ends_with(".csv") || name.ends_with(".csv.gz"))) {
          files.push_back(entry.path());
        }
      }
    }
    if (files.empty()) {
      throw core::error(errc::not_found, fmt::format("{} has no .csv; export with --bucket and --role, or migrate "
                                                     "--without-data",
                                                     place.string()));
    }
    std::ranges::sort(files);
    return files;
  }

 private:
  template <class T>
  static T read(const fs::path& file) {
    try {
      return core::read_json<T>(core::read_file(file, max_file_bytes));
    } catch (const core::error& problem) {
      throw core::error(problem.code(), fmt::format("{}: {}", file.string(), problem.what()));
    }
  }

  void read_kind(const spelling& how, std::vector<thing>& into) const {
    const fs::path file = folder_ / fmt::format("{}s.json", how.camel);
    const auto all = read<json_value>(file);
    const json_value* const list = member_of(all, fmt::format("{}s", how.camel));
    if (list == nullptr || list->type() != json_value::kind::array) {
      throw core::error(errc::invalid_argument, fmt::format("{} has no list {}s", file.string(), how.camel));
    }
    for (const json_value& each : list->elements()) {
      thing one;
      one.is = how.is;
      one.described = each;
      one.arn = text_of(each, std::string(how.camel) + "Arn");
      one.name = text_of(each, "name");
      check_name(one.name, file);
      if (one.arn.empty()) {
        throw core::error(errc::invalid_argument,
                          fmt::format("{}: {} has no {}Arn", file.string(), one.name, how.camel));
      }
      if (how.is == kind::dataset) {
        check_name(one.dataset_type(), file);
      }
      if (const json_value* const tags = member_of(each, "tags")) {
        for (const json_value& pair : tags->elements()) {
          one.tags.push_back({text_of(pair, "tagKey"), text_of(pair, "tagValue")});
        }
      }
      std::ranges::sort(one.tags);
      into.push_back(std::move(one));
    }
  }

  // What belongs to a group names it by its ARN; a campaign by its solution's.
  void name_groups(std::vector<thing>& things) const {
    std::map<std::string, std::string> group_of;
    for (thing& one : things) {
      if (one.is == kind::schema) {
        continue;
      }
      if (one.is == kind::dataset_group) {
        group_of[one.arn] = one.name;
        continue;
      }
      const std::string parent = one.is == kind::campaign
                                     ? solution_arn_of(text_of(one.described, "solutionVersionArn"))
                                     : text_of(one.described, "datasetGroupArn");
      const auto found = group_of.find(parent);
      if (found == group_of.end()) {
        throw core::error(errc::invalid_argument,
                          fmt::format("{}: {} \"{}\" belongs to {}, which is not there", folder_.string(),
                                      spelling_of(one.is).words, one.name, parent));
      }
      one.group = found->second;
      if (one.is == kind::solution) {
        group_of[one.arn] = one.group;
      }
    }
  }

  static bool is_used(const thing& schema, const std::vector<thing>& things, const group_names& only) {
    return std::ranges::any_of(things, [&](const thing& one) {
      return one.is == kind::dataset && std::ranges::find(only, one.group) != only.end() &&
             text_of(one.described, "schemaArn") == schema.arn;
    });
  }

  const fs::path folder_;
};

void write_rows(source& from, const inventory& all, const fs::path& folder, exported& done, core::job& job) {
  for (const thing& one : all.things()) {
    if (one.is != kind::dataset) {
      continue;
    }
    const fs::path place = data_folder(folder, one);
    fs::create_directories(place);
    const auto files = from.fetch_rows(one, place, job);
    done.rows += copy_rows(files, one.dataset_type(), nullptr, place, job).rows;
    ++done.datasets;
  }
}

}  // namespace

exported write_export_folder(source& from, const group_names& only, bool with_data, const fs::path& folder,
                             core::job& job) {
  fs::create_directories(folder);
  if (!fs::is_empty(folder)) {
    throw core::error(errc::already_exists, fmt::format("{} is not empty; name a new folder", folder.string()));
  }
  fs::permissions(folder, fs::perms::owner_all);
  const inventory all = from.read(only, job);
  exported done;
  for (const spelling& how : spellings()) {
    json_value list = json_value::of_array();
    for (const thing& one : all.things()) {
      if (one.is == how.is) {
        list.append(written(one));
        ++done.things;
      }
    }
    const std::string name = fmt::format("{}s", how.camel);
    core::write_file(folder / (name + ".json"),
                     core::write_json(with(json_value::of_object(), name, std::move(list)), 2) + "\n");
  }
  if (with_data) {
    write_rows(from, all, folder, done, job);
  }
  core::write_file(
      folder / manifest_name,
      core::write_json(folder_manifest{folder_format, from.where(), core::format_iso8601(core::now_ms())}, 2) + "\n");
  return done;
}

std::unique_ptr<source> open_export_folder(const fs::path& folder) {
  return std::make_unique<folder_source>(folder);
}

}  // namespace eunomia::migrate
