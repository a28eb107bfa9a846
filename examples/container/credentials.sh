# Makes, in the folder that it is started in, an authority and a credential for each container, where there is none.
set -e

issue() {
  file="$1.json"
  shift
  test -e "$file" || nexus authority issue "$@" --out "$file"
}

test -e authority.json || nexus authority init --network containers.example
issue relay --app relay --uid ops --role owner --block relay --resource relay
issue worker1 --app etest --uid anna --role owner --block worker --resource worker1
issue worker2 --app etest --uid anna --role owner --block worker --resource worker2
issue caller --app shop --uid carl --role user --block device --resource caller --grant etest
