// eunomia recommend export-model and import-model: versions as files of an open format.

#include <fmt/format.h>

#include "app/commands.h"
#include "app/data_directory.h"
#include "app/remote.h"
#include "core/json.h"
#include "core/memory.h"
#include "recommend/on_record.h"

namespace eunomia::app {

namespace {

struct model_flags {
  std::string name;
  std::int64_t version = 0;
  std::filesystem::path file;
  std::string recipient;
  std::string purpose;
  std::string origin;
};

struct exported_row {
  std::string recommender;
  std::int64_t version = 0;
  std::string recipient;
  std::string purpose;
  std::string file;
  std::uint64_t bytes = 0;
};
BOOST_DESCRIBE_STRUCT(exported_row, (), (recommender, version, recipient, purpose, file, bytes))

struct imported_row {
  std::int64_t version = 0;
  bool serving = false;
};
BOOST_DESCRIBE_STRUCT(imported_row, (), (version, serving))

std::string versions_of(const model_flags& flags) {
  return fmt::format("/api/v1/recommenders/{}/versions", segment(flags.name));
}

void export_model(const model_flags& flags, environment& shared) {
  if (shared.server.empty()) {
    data_directory data(shared);
    recommend::export_on_record(data.recommenders(), data.audit(), flags.name, flags.version,
                                {.version = 0, .recipient = flags.recipient, .purpose = flags.purpose, .at = 0},
                                flags.file, subject::actor::system());
  } else {
    remote(shared).download(fmt::format("{}/{}/model?recipient={}&purpose={}", versions_of(flags), flags.version,
                                        segment(flags.recipient), segment(flags.purpose)),
                            flags.file);
  }
  const exported_row row{flags.name,    flags.version,       flags.recipient,
                         flags.purpose, flags.file.string(), std::filesystem::file_size(flags.file)};
  shared.print(shared.json
                   ? core::write_json(row, 2)
                   : fmt::format("version {} of {} is in {} ({}), without rows of people; that {} is handed it "
                                 "is on record\n",
                                 row.version, row.recommender, row.file, core::human_bytes(row.bytes), row.recipient));
}

void import_model(const model_flags& flags, environment& shared) {
  imported_row row;
  if (shared.server.empty()) {
    data_directory data(shared);
    const auto came = recommend::import_on_record(data.recommenders(), data.audit(), flags.name, flags.file,
                                                  flags.origin, subject::actor::system(), shared.context());
    row = {came.version, came.serving};
  } else {
    const std::string target = flags.origin.empty()
                                   ? versions_of(flags)
                                   : fmt::format("{}?origin={}", versions_of(flags), segment(flags.origin));
    row = core::read_json<imported_row>(remote(shared).upload(target, flags.file));
  }
  shared.print(shared.json
                   ? core::write_json(row, 2)
                   : fmt::format("{} is version {} of {}{}; nobody can be taken out of it: train one here to "
                                 "replace it\n",
                                 flags.file.string(), row.version, flags.name, row.serving ? " and serves" : ""));
}

}  // namespace

void add_model_files(CLI::App& recommend, environment& shared) {
  auto out = std::make_shared<model_flags>();
  CLI::App* exporting =
      recommend.add_subcommand("export-model", "A trained version as a file of an open format, without rows of people");
  exporting->add_option("--name", out->name, "The recommender")->required();
  exporting->add_option("--version-number", out->version, "Of its versions; see eunomia recommend list")->required();
  exporting->add_option("--output", out->file, "FILE.npz")->required();
  exporting->add_option("--recipient", out->recipient, "Who is handed it: on record")->required();
  exporting->add_option("--purpose", out->purpose, "What for: on record")->required();
  exporting->callback([out, &shared] { shared.action = [out, &shared] { export_model(*out, shared); }; });

  auto in = std::make_shared<model_flags>();
  CLI::App* importing =
      recommend.add_subcommand("import-model", "Such a file becomes the next version of a recommender");
  importing->add_option("--name", in->name, "The recommender")->required();
  importing->add_option("--input", in->file, "FILE.npz")->required();
  importing->add_option("--origin", in->origin, "Where it is from (default: as the file says)");
  importing->callback([in, &shared] { shared.action = [in, &shared] { import_model(*in, shared); }; });
}

}  // namespace eunomia::app
