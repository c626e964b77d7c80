# Homebrew compares every download with its sha256 before it installs anything.
class @{class_name} < Formula
  desc "@{description}"
  homepage "@{homepage}"
  version "@{version}"
  license :cannot_represent # the packages have many: see the SBOM

@if osx-arm64 osx-64
  on_macos do
@if osx-arm64
    on_arm do
      url "@{osx-arm64.url}"
      sha256 "@{osx-arm64.sha256}"

      resource "sbom" do
        url "@{osx-arm64.sbom.url}"
        sha256 "@{osx-arm64.sbom.sha256}"
      end
    end
@end
@if osx-64
    on_intel do
      url "@{osx-64.url}"
      sha256 "@{osx-64.sha256}"

      resource "sbom" do
        url "@{osx-64.sbom.url}"
        sha256 "@{osx-64.sbom.sha256}"
      end
    end
@end
  end
@end
@if linux-aarch64 linux-64
  on_linux do
@if linux-aarch64
    on_arm do
      url "@{linux-aarch64.url}"
      sha256 "@{linux-aarch64.sha256}"

      resource "sbom" do
        url "@{linux-aarch64.sbom.url}"
        sha256 "@{linux-aarch64.sbom.sha256}"
      end
    end
@end
@if linux-64
    on_intel do
      url "@{linux-64.url}"
      sha256 "@{linux-64.sha256}"

      resource "sbom" do
        url "@{linux-64.sbom.url}"
        sha256 "@{linux-64.sbom.sha256}"
      end
    end
@end
  end
@end

  def install
    bin.install Dir["@{artifact}*"].first => "@{name}"
    chmod 0755, bin/"@{name}"
    pkgshare.install resource("sbom")
  end

  def caveats
    <<~TEXT
      The first run installs the packages into your home directory.
      Before you uninstall this formula, remove them: @{name} uninstall
    TEXT
  end

  test do
    assert_match "@{version}", shell_output("#{bin}/@{name} status --json")
  end
end
