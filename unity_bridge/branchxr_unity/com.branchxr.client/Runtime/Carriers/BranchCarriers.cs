using System;
using UnityEngine;

namespace BranchXR
{
    /// <summary>Makes the carrier that the settings ask for.</summary>
    internal static class BranchCarriers
    {
        /// <summary>Set by the assembly BranchXR.PythonNet, where it was compiled.</summary>
        internal static Func<IBranchCarrier> PythonNet { get; set; }

        /// <exception cref="BranchError"><c>pythonnet_missing</c>.</exception>
        internal static IBranchCarrier Make(BranchSettings settings)
        {
            if (settings.carrier == CarrierKind.Beside) return new WebSocketCarrier();
            // The Editor exchanges its domain while Python goes on, which pythonnet does not survive.
            if (Application.isEditor) return new EmbeddedCarrier();
            if (PythonNet != null) return PythonNet();
            throw new BranchError(
                "pythonnet_missing", "expected the assembly BranchXR.PythonNet, got a project without it", "BranchSettings, Carrier",
                "put Python.Runtime.dll of pythonnet into Assets/Plugins and define BRANCHXR_PYTHONNET, or choose Beside");
        }
    }
}
