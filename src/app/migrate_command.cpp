// eunomia migrate personalize: what somebody has at AWS Personalize, here.

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <optional>

#include "app/commands.h"
#include "app/remote.h"
#include "app/text_table.h"
#include "core/error.h"
#include "core/file.h"
#include "core/json.h"
#include "core/log.h"
#include "migrate/export_folder.h"
#include "migrate/migration.h"
#include "wire/api/access_keys.h"
#include "wire/api/links.h"
#include "wire/aws/client/credentials_file.h"
#include "wire/aws/names.h"
#include "wire/personalize/dataset_groups.h"
#include "wire/personalize/s3_location.h"

namespace eunomia::app {

namespace {

using core::errc;
namespace aws = wire::aws;
namespace fs = std::filesystem;

constexpr std::string_view personalize_service = "personalize";
constexpr std::string_view personalize_target = "AmazonPersonalize";
constexpr std::string_view key_label = "eunomia migrate personalize";
// Of the access key, should nobody come to revoke it.
constexpr std::uint32_t key_lifetime_days = 7;
constexpr std::size_t details_shown = 120;

struct migrate_flags {
  std::string from;
  std::string from_s3;
  std::string region = "us-east-1";
  fs::path credentials_file;
  fs::path from_authority;
  fs::path from_folder;
  fs::path export_to;
  std::string bucket;
  std::string role;
  std::string target_bucket = "migration";
  std::vector<std::string> groups;
  bool without_data = false;
  bool refresh_data = false;
  bool train = false;
  bool pseudonymise = false;
  fs::path salt_file;
  std::string space = "personalize";
  fs::path work_folder;
};

// The side that things come from, with the clients that it is asked by.
struct origin {
  std::unique_ptr<aws::json_client> personalize;
  std::unique_ptr<aws::s3_client> files;
  std::unique_ptr<migrate::source> things;
};

std::string url_at(const std::string& given, std::string_view service, const std::string& region) {
  return given.empty() ? fmt::format("https://{}.{}.amazonaws.com", service, region) : given;
}

migrate::export_place export_place_of(const migrate_flags& flags) {
  if (flags.without_data) {
    return {};
  }
  if (flags.bucket.empty() || flags.role.empty()) {
    throw core::error(errc::invalid_argument,
                      "rows come through a bucket of the source: name it with --bucket s3://bucket/folder, and with "
                      "--role the ARN of the role that Personalize takes on to write there; or say --without-data");
  }
  const auto place = wire::personalize::s3_location::parse(flags.bucket);
  const bool is_open = place.key.empty() || place.key.ends_with('/');
  return {place.bucket, place.key + (is_open ? "" : "/"), flags.role};
}

origin open_origin(const migrate_flags& flags, environment& shared) {
  origin from;
  if (!flags.from_folder.empty()) {
    from.things = migrate::open_export_folder(flags.from_folder);
    return from;
  }
  const aws::credentials who = flags.credentials_file.empty() ? aws::credentials_in_environment()
                                                              : aws::read_credentials_file(flags.credentials_file);
  const auto check = [&job = shared.job()] { job.check(); };
  const auto at = [&](const std::string& url, std::string_view service) {
    return aws::service_endpoint{url_at(url, service, flags.region), flags.region, std::string(service),
                                 flags.from_authority};
  };
  from.personalize = std::make_unique<aws::json_client>(std::string(personalize_target),
                                                        at(flags.from, personalize_service), who, check);
  // A second Eunomia answers both at one address.
  const bool one_address = flags.from_s3.empty() && !flags.from.empty();
  from.files =
      std::make_unique<aws::s3_client>(at(one_address ? flags.from : flags.from_s3, aws::s3_service), who, check);
  from.things = migrate::open_live_source(*from.personalize, *from.files, export_place_of(flags));
  return from;
}

// A key of the server's that lives as long as this: the server is asked as clients of AWS ask it.
class borrowed_key {
 public:
  explicit borrowed_key(remote& server) : server_(server) {
    wire::api::new_access_key wanted;
    wanted.role = "engineer";
    wanted.label = key_label;
    wanted.lifetime_days = key_lifetime_days;
    try {
      const auto made = server_.post<wire::api::created_access_key>("/api/v1/access-keys", core::write_json(wanted));
      who_ = {made.record.id, made.secret};
    } catch (const core::error& problem) {
      if (problem.code() != errc::permission_denied) {
        throw;
      }
      throw core::error(errc::permission_denied,
                        fmt::format("the token for --server may not make an access key: {}; name the file of an "
                                    "administrator's with --token-file",
                                    problem.what()));
    }
  }
  ~borrowed_key() {
    try {
      server_.erase("/api/v1/access-keys/" + segment(who_.access_key_id));
    } catch (const std::exception& problem) {
      core::log::warning("an access key of a migration is not revoked; it expires by itself",
                         {{"key", who_.access_key_id}, {"why", core::kept_message_of(problem)}});
    }
  }
  borrowed_key(const borrowed_key&) = delete;
  borrowed_key& operator=(const borrowed_key&) = delete;

  const aws::credentials& who() const { return who_; }

 private:
  remote& server_;
  aws::credentials who_;
};

// A folder of our own for rows on their way, which a run that was killed may have left full.
class work_folder {
 public:
  explicit work_folder(const fs::path& given)
      : path_(given.empty() ? fs::temp_directory_path() / fmt::format("eunomia-migration-{}", ::geteuid()) : given) {
    if (::mkdir(path_.c_str(), S_IRWXU) != 0 && errno != EEXIST) {
      core::throw_system_error(errno, "create", path_);
    }
    struct stat about {};
    const bool is_ours = ::lstat(path_.c_str(), &about) == 0 && S_ISDIR(about.st_mode) && about.st_uid == ::geteuid() &&
                         (about.st_mode & (S_IRWXG | S_IRWXO)) == 0;
    if (!is_ours) {
      throw core::error(
          errc::permission_denied,
          fmt::format("{} is not a folder that only you may read; name another with --work-folder", path_.string()));
    }
    lock_.emplace(path_);
    fs::remove_all(path_ / migrate::rows_folder);
  }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
  std::optional<core::file_lock> lock_;
};

struct dataset_rows {
  std::uint64_t interactions = 0;
  std::uint64_t users = 0;
};
BOOST_DESCRIBE_STRUCT(dataset_rows, (), (interactions, users))
struct dataset_answer {
  dataset_rows counts;
};
BOOST_DESCRIBE_STRUCT(dataset_answer, (), (counts))

// Of items there are rows, and more that only interactions name: those that have a row are in an export.
std::uint64_t rows_here(remote& server, const fs::path& folder, const std::string& group, const std::string& type) {
  const auto kind = wire::personalize::dataset_type_named(type);
  if (!kind) {
    throw core::error(errc::invalid_argument, fmt::format("{} is no type of a dataset", type));
  }
  wire::personalize::resource of;
  of.ours = core::json_value::of_object();
  of.ours.append("dataset", core::json_value::of_string(group));
  const auto where = wire::personalize::table_of(of, *kind);
  const std::string target = "/api/v1/datasets/" + segment(where.dataset);
  if (where.kind == recommend::data_kind::items) {
    const fs::path file = folder / "items.csv";
    const std::uint64_t rows = server.download(target + "/export?kind=items&format=csv", file);
    fs::remove(file);
    return rows;
  }
  const auto counts = core::read_json<dataset_answer>(server.get(target)).counts;
  return where.kind == recommend::data_kind::users ? counts.users : counts.interactions;
}

std::uint64_t link_here(remote& server, const std::string& space, const migrate::destination::links& people) {
  static_assert(migrate::destination::max_links <= subject::rights_desk::max_links);
  wire::api::new_links wanted;
  wanted.space = space;
  for (const auto& [user, raw] : people) {
    wanted.links.push_back({user, raw});
  }
  return server.post<wire::api::links_view>("/api/v1/subjects/links/batch", core::write_json(wanted)).known;
}

std::string shortened(const std::string& text) {
  return text.size() <= details_shown ? text : text.substr(0, details_shown) + "…";
}

void show(const migrate::migration_report& report, environment& shared) {
  if (shared.json) {
    shared.print(core::write_json(report, 2));
    return;
  }
  const auto word = [](migrate::outcome one) { return std::string(boost::describe::enum_to_string(one, "")); };
  text_table things({"kind", "dataset group", "name", "became", "details"});
  std::string whole;
  for (const auto& one : report.resources) {
    things.add({one.kind, one.group.empty() ? "-" : one.group, one.name, word(one.became), shortened(one.details)});
    if (one.details.size() > details_shown) {
      whole += fmt::format("{} {}: {}\n", one.kind, one.name, one.details);
    }
  }
  text_table rows(
      {"dataset group", "dataset", "rows at the source", "rows here", "people linked", "became", "details"});
  for (const auto& one : report.data) {
    rows.add({one.group, one.type, grouped(one.source_rows), grouped(one.rows_here),
              one.people_linked ? grouped(*one.people_linked) : "-", word(one.became), shortened(one.details)});
    if (one.details.size() > details_shown) {
      whole += fmt::format("{}/{}: {}\n", one.group, one.type, one.details);
    }
  }
  std::string counts;
  for (const auto& [name, count] : report.counts) {
    counts += fmt::format("{}{} {}", counts.empty() ? "" : ", ", grouped(count), name);
  }
  shared.print(things.str() + (report.data.empty() ? "" : "\n" + rows.str()) + (whole.empty() ? "" : "\n" + whole) +
               "\n" + counts + "\n");
}

void export_to_folder(const migrate_flags& flags, environment& shared) {
  if (!flags.from_folder.empty()) {
    throw core::error(errc::invalid_argument, "--export-to and --from-folder do not go together: one folder is enough");
  }
  if (flags.pseudonymise) {
    throw core::error(errc::invalid_argument,
                      "--pseudonymise belongs to the way into a server: export first, and give it with --from-folder");
  }
  const origin from = open_origin(flags, shared);
  const auto done =
      migrate::write_export_folder(*from.things, flags.groups, !flags.without_data, flags.export_to, shared.job());
  shared.print(
      shared.json
          ? core::write_json(std::map<std::string, std::uint64_t>{
                {"things", done.things}, {"datasets", done.datasets}, {"rows", done.rows}})
          : fmt::format("{} things and {} rows of {} datasets are in {}; it holds rows about people: keep it as "
                        "such, and remove it when it is migrated\n",
                        grouped(done.things), grouped(done.rows), done.datasets, flags.export_to.string()));
}

void migrate_to_server(const migrate_flags& flags, environment& shared) {
  if (shared.server.empty()) {
    throw core::error(errc::invalid_argument,
                      "things are migrated into a running server: start `eunomia up`, and name it with --server and "
                      "the file of an administrator's token with --token-file");
  }
  const origin from = open_origin(flags, shared);
  const work_folder folder(flags.work_folder);
  remote server(shared);
  const borrowed_key key(server);
  const auto check = [&job = shared.job()] { job.check(); };
  const auto at = [&](std::string_view service) {
    return aws::service_endpoint{shared.server, flags.region, std::string(service), shared.certificate_authority};
  };
  aws::json_client personalize(std::string(personalize_target), at(personalize_service), key.who(), check);
  aws::s3_client files(at(aws::s3_service), key.who(), check);
  const migrate::destination to{
      .personalize = personalize,
      .files = files,
      .bucket = flags.target_bucket,
      .rows_of = [&](const std::string& group,
                     const std::string& type) { return rows_here(server, folder.path(), group, type); },
      .link = [&](const std::string& space,
                  const migrate::destination::links& people) { return link_here(server, space, people); }};
  if (!flags.without_data && !files.has_bucket(to.bucket)) {
    files.create_bucket(to.bucket);
  }
  std::optional<migrate::pseudonyms> replaced;
  if (flags.pseudonymise) {
    replaced.emplace(flags.salt_file.empty() ? migrate::salt_kept_at(to)
                                             : migrate::pseudonyms::read_salt(flags.salt_file));
  }
  migrate::migration_options how;
  how.only = flags.groups;
  how.data = !flags.without_data;
  how.train = flags.train;
  how.rows = {.replaced = replaced ? &*replaced : nullptr,
              .space = flags.space,
              .again = flags.refresh_data,
              .folder = folder.path()};
  const auto report = migrate::migrate(*from.things, to, how, shared.job());
  show(report, shared);
  const auto failed = report.counts.find("failed");
  if (failed != report.counts.end()) {
    throw core::error(errc::failed_precondition,
                      fmt::format("{} of what the source has could not be migrated, see the report; put right what it "
                                  "names and run this again: what is here stays",
                                  failed->second));
  }
}

void act(const migrate_flags& flags, environment& shared) {
  if (!flags.salt_file.empty() && !flags.pseudonymise) {
    throw core::error(errc::invalid_argument, "--salt-file belongs to --pseudonymise");
  }
  flags.export_to.empty() ? migrate_to_server(flags, shared) : export_to_folder(flags, shared);
}

void add_source_options(CLI::App& command, migrate_flags& flags) {
  command.add_option("--from", flags.from,
                     "The URL of the service at the source (default: https://personalize.REGION.amazonaws.com)");
  command.add_option("--from-s3", flags.from_s3,
                     "The URL of S3 at the source (default: that of --from, or https://s3.REGION.amazonaws.com)");
  command.add_option("--region", flags.region, "The region of the source, which requests are signed for")
      ->capture_default_str();
  command.add_option("--credentials-file", flags.credentials_file,
                     "Lines aws_access_key_id = … and aws_secret_access_key = … (default: AWS_ACCESS_KEY_ID, "
                     "AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN of the environment)");
  command.add_option("--from-certificate-authority", flags.from_authority,
                     "PEM of who signed the source's certificate (default: the system's)");
  command.add_option("--from-folder", flags.from_folder, "A folder that --export-to wrote, instead of a live source");
  command.add_option("--bucket", flags.bucket, "s3://bucket/folder at the source, where it exports rows to");
  command.add_option("--role", flags.role, "The ARN of the role that the source takes on to write there");
  command.add_option("--group", flags.groups, "Only this dataset group; may be repeated")->allow_extra_args(false);
}

}  // namespace

void add_migrate(CLI::App& eunomia, environment& shared) {
  auto flags = std::make_shared<migrate_flags>();
  CLI::App* migrating = eunomia.add_subcommand("migrate", "Move here what is elsewhere");
  migrating->require_subcommand(1);
  CLI::App* command = migrating->add_subcommand(
      "personalize", "What AWS Personalize, or another Eunomia, has: schemas, datasets, solutions, campaigns, rows");
  add_source_options(*command, *flags);
  command->add_option("--export-to", flags->export_to,
                      "Write it all into this new folder, instead of migrating it into --server");
  command
      ->add_option("--target-bucket", flags->target_bucket,
                   "Of the server, for rows on their way and what is remembered of copies; made when it is absent")
      ->capture_default_str();
  command->add_flag("--without-data", flags->without_data, "No rows, only what describes them");
  command->add_flag("--refresh-data", flags->refresh_data,
                    "Copy rows again, in the place of those that are here: before the day of the move");
  command->add_flag("--train", flags->train,
                    "A version of every solution that has none here, so that campaigns answer");
  command->add_flag("--pseudonymise", flags->pseudonymise,
                    "Replace identifiers of people by HMAC-SHA256 on the way; the vault keeps who is who");
  command->add_option("--salt-file", flags->salt_file,
                      "The secret salt (default: one that is made and kept sealed in the target bucket)");
  command->add_option("--space", flags->space, "The id space of the raw identifiers in the vault")
      ->capture_default_str();
  command->add_option("--work-folder", flags->work_folder,
                      "For rows on their way (default: eunomia-migration-UID in the folder for temporary files)");
  command->callback([flags, &shared] { shared.action = [flags, &shared] { act(*flags, shared); }; });
}

}  // namespace eunomia::app
