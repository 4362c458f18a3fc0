using UnityEngine;

namespace BranchXR
{
    /// <summary>Where the Python half of the stage runs.</summary>
    public enum CarrierKind
    {
        /// <summary>In a process beside the game, over a WebSocket on loopback. Works everywhere a process does.</summary>
        Beside,

        /// <summary>In the game's own process: by pythonnet in Mono players, by Python's C API in the Editor.</summary>
        InProcess,
    }

    /// <summary>What a stage needs to know; an asset, made with Create > BranchXR > Settings.</summary>
    [CreateAssetMenu(menuName = "BranchXR/Settings", fileName = "BranchSettings")]
    public sealed class BranchSettings : ScriptableObject
    {
        [Header("Branch")]
        [Tooltip("Address of the branch. Empty: BRANCHXR_BRANCH, else http://localhost:8710.")]
        public string branch = "";

        [Tooltip("Python script with `async def main(branch, stage)`. Empty: the lobby.")]
        public string script = "";

        [Tooltip("What the player is called.")]
        public string playerName = "";

        [Tooltip("Soft key file of the player; its secret is in BRANCHXR_KEY_SECRET. Empty: a guest.")]
        public string keyFile = "";

        [Tooltip("Sign in with a new soft key in memory: a new customer at each start. For development.")]
        public bool newSoftKey;

        [Header("Python")]
        [Tooltip("Where the Python half runs. In the Editor, beside the game survives domain reloads.")]
        public CarrierKind carrier = CarrierKind.Beside;

        [Tooltip("Python program with branchxr installed, such as .venv/bin/python. Empty: python3, from the path.")]
        public string python = "";

        [Tooltip("In process only: libpython3.x, full path. Its version must be that of Python above.")]
        public string pythonLibrary = "";

        [Tooltip("In process only: prefix of the installation (sys.base_prefix).")]
        public string pythonHome = "";

        [Tooltip("In process only: folders to import from, such as a virtual environment's site-packages.")]
        public string[] pythonPaths = new string[0];

        [Header("Limits")]
        [Tooltip("Milliseconds of a frame that handling what Python sends may take.")]
        [Range(0.1f, 5f)]
        public float budgetMs = 1f;

        [Tooltip("Seconds the player stays in the branch while the game is away (beside the game only).")]
        [Range(1f, 600f)]
        public float keepSeconds = 120f;
    }
}
