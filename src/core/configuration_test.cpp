#include "core/configuration.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <CLI/CLI.hpp>

#include "core/file.h"
#include "core/temporary_directory.h"

namespace eunomia::core {
namespace {

// Sets a variable of the environment for one test.
class environment_variable {
 public:
  environment_variable(const char* name, const std::string& value) : name_(name) { ::setenv(name, value.c_str(), 1); }
  ~environment_variable() { ::unsetenv(name_); }
  environment_variable(const environment_variable&) = delete;
  environment_variable& operator=(const environment_variable&) = delete;

 private:
  const char* name_;
};

class configuration : public testing::Test {
 protected:
  configuration() {
    app_.add_option("--data", data_, "Where everything is kept");
    app_.add_flag("--json", json_, "Print JSON");
    recommend_->require_subcommand(0, 1);
    fit_->add_option("-m,--model", model_, "The model family");
    fit_->add_option("--half-life", half_life_, "Days");
    fit_->add_option("--weights", weights_, "One each");
  }

  void parse(std::vector<std::string> arguments) {
    add_configuration(app_, {.environment_prefix = "EUNOMIA_TEST_", .default_file = file_.string()});
    std::reverse(arguments.begin(), arguments.end());
    app_.parse(arguments);
  }

  std::string refusal(std::vector<std::string> arguments) {
    try {
      parse(std::move(arguments));
    } catch (const CLI::ParseError& failure) {
      return failure.what();
    }
    return "accepted";
  }

  std::string help() {
    try {
      parse({"recommend", "fit", "--help"});
    } catch (const CLI::CallForHelp&) {
    }
    return app_.help();
  }

  temporary_directory directory_;
  std::filesystem::path file_ = directory_.path() / "eunomia.toml";
  CLI::App app_{"test", "eunomia"};
  CLI::App* recommend_ = app_.add_subcommand("recommend", "Recommendations");
  CLI::App* fit_ = recommend_->add_subcommand("fit", "Train");
  std::string data_ = "default";
  bool json_ = false;
  std::string model_ = "default";
  double half_life_ = 0;
  std::vector<double> weights_;
};

TEST_F(configuration, defaults_stand_without_a_file) {
  parse({});
  EXPECT_EQ(data_, "default");
}

TEST_F(configuration, the_file_sets_options_of_every_command) {
  write_file(file_, R"(
data = '''C:\no escapes'''   # a comment
json = true
recommend.fit = { model = "e\u0061se", half-life = 2.5, weights = [
  1,
  0.125,
] }
)");
  parse({"recommend", "fit"});
  EXPECT_EQ(data_, "C:\\no escapes");
  EXPECT_TRUE(json_);
  EXPECT_EQ(model_, "ease");
  EXPECT_EQ(half_life_, 2.5);
  EXPECT_EQ(weights_, (std::vector<double>{1, 0.125}));
}

TEST_F(configuration, the_environment_goes_before_the_file) {
  write_file(file_, "data = 'file'\njson = true\n[recommend.fit]\nmodel = 'file'\nhalf-life = 1\n");
  const environment_variable data("EUNOMIA_TEST_DATA", "environment");
  const environment_variable json("EUNOMIA_TEST_JSON", "false");
  const environment_variable model("EUNOMIA_TEST_RECOMMEND_FIT_MODEL", "environment");
  const environment_variable half_life("EUNOMIA_TEST_RECOMMEND_FIT_HALF_LIFE", "");
  parse({"recommend", "fit"});
  EXPECT_EQ(data_, "environment");
  EXPECT_FALSE(json_);
  EXPECT_EQ(model_, "environment");
  EXPECT_EQ(half_life_, 1);
}

TEST_F(configuration, the_command_line_goes_before_everything) {
  write_file(file_, "data = 'file'\n[recommend.fit]\nmodel = 'file'\n");
  const environment_variable data("EUNOMIA_TEST_DATA", "environment");
  parse({"--data", "flag", "recommend", "fit", "-m", "flag"});
  EXPECT_EQ(data_, "flag");
  EXPECT_EQ(model_, "flag");
}

TEST_F(configuration, a_section_of_a_command_does_not_run_it) {
  write_file(file_, "[recommend.fit]\nmodel = 'file'\n");
  bool ran = false;
  fit_->callback([&] { ran = true; });
  parse({"recommend"});
  EXPECT_FALSE(ran);
  EXPECT_FALSE(recommend_->got_subcommand(fit_));
}

TEST_F(configuration, the_environment_or_the_command_line_names_the_file) {
  const auto other = directory_.path() / "other.toml";
  const auto third = directory_.path() / "third.toml";
  write_file(file_, "data = 'default file'");
  write_file(other, "data = 'other'");
  write_file(third, "data = 'third'");
  const environment_variable config("EUNOMIA_TEST_CONFIG", other.string());
  parse({});
  EXPECT_EQ(data_, "other");
  app_.parse(std::vector<std::string>{third.string(), "--config"});
  EXPECT_EQ(data_, "third");
}

TEST_F(configuration, an_unknown_key_is_refused_by_file_line_and_name) {
  write_file(file_, "\n[recommend.fit]\nmodel = 'x'\nhalf-live = 3\n");
  EXPECT_EQ(refusal({}), file_.string() +
                             ":4: unknown key \"recommend.fit.half-live\"; known in [recommend.fit]: "
                             "half-life, model, weights");
}

TEST_F(configuration, an_unknown_section_is_refused_and_the_known_ones_told) {
  write_file(file_, "[recommand]\nmodel = 'x'\n");
  EXPECT_EQ(refusal({}), file_.string() + ":1: unknown key \"recommand\"; known at the top: [recommend], data, json");
}

TEST_F(configuration, what_belongs_to_no_file_is_refused_there) {
  for (const char* text : {"help = true", "config = 'x'", "m = 'x'", "[recommend.fit]\nm = 'x'", "\"\" = 1"}) {
    write_file(file_, text);
    CLI::App app("test", "eunomia");
    app.add_option("-m,--model", model_);
    add_configuration(app, {.environment_prefix = "EUNOMIA_TEST_", .default_file = file_.string()});
    EXPECT_THROW(app.parse(std::vector<std::string>{}), CLI::FileError) << text;
  }
}

TEST_F(configuration, text_that_is_not_toml_is_refused_by_file_and_line) {
  write_file(file_, "data = 'x'\ndata = 'y'\n");
  EXPECT_EQ(refusal({}).find(file_.string() + ":2: "), 0U);
}

TEST_F(configuration, a_value_of_a_kind_that_no_option_takes_is_refused) {
  write_file(file_, "data = 2026-03-01\n");
  EXPECT_NE(refusal({}).find(":1: \"data\" must be"), std::string::npos);
}

TEST_F(configuration, a_value_that_does_not_fit_the_option_is_refused) {
  write_file(file_, "[recommend.fit]\nhalf-life = 'long'\n");
  EXPECT_NE(refusal({"recommend", "fit"}).find("half-life"), std::string::npos);
}

TEST_F(configuration, a_named_file_that_is_missing_is_refused) {
  EXPECT_NE(refusal({"--config", "/absent.toml"}).find("/absent.toml"), std::string::npos);
}

TEST_F(configuration, a_missing_file_named_by_the_environment_is_refused) {
  const environment_variable config("EUNOMIA_TEST_CONFIG", "/absent.toml");
  EXPECT_NE(refusal({}).find("/absent.toml"), std::string::npos);
}

TEST_F(configuration, help_tells_flag_environment_and_key_of_every_option) {
  const auto text = help();
  EXPECT_NE(text.find("--half-life FLOAT"), std::string::npos) << text;
  EXPECT_NE(text.find("[env EUNOMIA_TEST_RECOMMEND_FIT_HALF_LIFE, file key recommend.fit.half-life]"),
            std::string::npos)
      << text;
  EXPECT_EQ(text.find("Env:"), std::string::npos) << text;
}

TEST_F(configuration, help_is_shown_also_when_the_file_is_broken) {
  write_file(file_, "nonsense");
  EXPECT_NE(help().find("--half-life"), std::string::npos);
}

TEST_F(configuration, the_root_help_tells_where_the_file_comes_from) {
  parse({});
  const auto text = app_.help();
  EXPECT_NE(text.find("--config FILE=" + file_.string()), std::string::npos) << text;
  EXPECT_NE(text.find("[env EUNOMIA_TEST_CONFIG]"), std::string::npos) << text;
  EXPECT_NE(text.find("[env EUNOMIA_TEST_DATA, file key data]"), std::string::npos) << text;
}

}  // namespace
}  // namespace eunomia::core
