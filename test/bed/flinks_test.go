package bed

import (
	"encoding/xml"
	"os"
	"strings"
	"testing"
)

func TestThePomHasEachOldFlinkAndNoOther(t *testing.T) {
	data, err := os.ReadFile("../dist/flink-1.x/pom.xml")
	if err != nil {
		t.Fatal(err)
	}
	var pom struct {
		Profiles []struct {
			ID      string `xml:"id"`
			Version string `xml:"properties>flink.version"`
		} `xml:"profiles>profile"`
	}
	if err := xml.Unmarshal(data, &pom); err != nil {
		t.Fatal(err)
	}
	profiles := map[string]string{}
	for _, p := range pom.Profiles {
		profiles[p.ID] = p.Version
	}
	if len(profiles) != len(OldFlinks()) {
		t.Errorf("the profiles are %v, want one for each of %v", profiles, OldFlinks())
	}
	for _, version := range OldFlinks() {
		if profiles[minor(version)] != version {
			t.Errorf("profile %s fetches %q, want %s", minor(version), profiles[minor(version)], version)
		}
	}
}

func TestAnUnknownFlinkIsRefused(t *testing.T) {
	err := new(Bed).FetchFlink(t.Context(), "1.14.0")
	if err == nil || !strings.Contains(err.Error(), "1.17.2") {
		t.Errorf("the error is %v, without the versions that there are", err)
	}
}
